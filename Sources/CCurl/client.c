#include "transfer.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

// How often the deadlines of all transfers are looked at, in milliseconds.
static const long long TICK = 200;

long long casc_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void casc_release(casc_transfer *t) {
    if (atomic_fetch_sub(&t->references, 1) != 1) return;
    curl_slist_free_all(t->headers);
    free(t->url);
    free(t->method);
    free(t->proxy);
    free(t->ca_file);
    free(t->body);
    free(t->head);
    free(t);
}

// MARK: asking the client's thread

static void ask(casc_transfer *t, int what) {
    casc_client *c = t->client;
    int was_empty = 0;
    pthread_mutex_lock(&c->mutex);
    t->asked |= what;
    if (!t->is_queued) {
        t->is_queued = 1;
        atomic_fetch_add(&t->references, 1);
        t->next_queued = NULL;
        was_empty = c->queue_head == NULL;
        if (c->queue_tail) c->queue_tail->next_queued = t;
        else c->queue_head = t;
        c->queue_tail = t;
    }
    pthread_mutex_unlock(&c->mutex);
    if (was_empty) eventfd_write(c->wake, 1);
}

void casc_resume(casc_transfer *t) { ask(t, ASK_RESUME); }
void casc_cancel(casc_transfer *t) { ask(t, ASK_CANCEL); }

// MARK: on the client's thread

static int watch(casc_client *c, int operation, casc_socket *s, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = s};
    return epoll_ctl(c->epoll, operation, s->fd, &event);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known) {
    (void)easy;
    casc_client *c = user;
    casc_socket *s = known;
    if (what == CURL_POLL_REMOVE) {
        if (!s) return 0;
        watch(c, EPOLL_CTL_DEL, s, 0);
        s->is_gone = 1;
        // An event of it may be among those that are being handled.
        if (!s->is_resting) {
            s->next = c->gone;
            c->gone = s;
        }
        return 0;
    }
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    if (!s) {
        s = calloc(1, sizeof *s);
        if (!s) return -1;
        s->fd = fd;
        s->events = events;
        if (watch(c, EPOLL_CTL_ADD, s, events)) {
            free(s);
            return -1;
        }
        curl_multi_assign(c->multi, fd, s);
        return 0;
    }
    s->events = events;
    return watch(c, EPOLL_CTL_MOD, s, events) ? -1 : 0;
}

// MARK: rests
//
// Of many bodies that come in small pieces, each is read a limited number of times a second: pieces of one that come
// close after each other are taken with one call, and go on as one. With few bodies nothing waits.

// How long, for each body that flows: a thousand are looked at every 80 ms. Measured with 2,000 streams of 50 pieces a
// second on two workers, as the worker's time for each piece: 34 us without rests, 30 with 20 us, 23 with 80, 21 with 150.
static const long long REST = 80; // microseconds
static const long long LEAST_REST = 2, LONGEST_REST = 100; // milliseconds
// Whoever sends so much at once is not to be slowed down.
static const size_t MUCH = 1024;

static void rest(casc_client *c, casc_socket *s) {
    long long pause = c->flowing * REST / 1000;
    if (pause < LEAST_REST || s->is_resting || s->is_gone || watch(c, EPOLL_CTL_MOD, s, 0)) return;
    s->is_resting = 1;
    s->due = casc_now() + (pause < LONGEST_REST ? pause : LONGEST_REST);
    s->next = NULL;
    if (c->last_resting) c->last_resting->next = s;
    else c->first_resting = s;
    c->last_resting = s;
}

static void end_rests(casc_client *c, long long now) {
    while (c->first_resting && c->first_resting->due <= now) {
        casc_socket *s = c->first_resting;
        c->first_resting = s->next;
        if (!s->next) c->last_resting = NULL;
        s->is_resting = 0;
        if (s->is_gone) free(s);
        else watch(c, EPOLL_CTL_MOD, s, s->events);
    }
}

static void forget_gone(casc_client *c) {
    while (c->gone) {
        casc_socket *s = c->gone;
        c->gone = s->next;
        free(s);
    }
}

static int on_timer(CURLM *multi, long milliseconds, void *user) {
    (void)multi;
    casc_client *c = user;
    c->timer = milliseconds < 0 ? -1 : casc_now() + milliseconds;
    return 0;
}

// Ends a transfer, whether curl has it or it never got so far.
static void finish(casc_transfer *t, int result) {
    casc_client *c = t->client;
    if (t->easy) {
        // Closes the connection of a transfer that is not complete.
        curl_multi_remove_handle(c->multi, t->easy);
        // One that broke off may have left something inside of the handle.
        casc_forget(t->easy);
        if (result == CASC_OK && c->spare_count < (int)(sizeof c->spare / sizeof *c->spare)) {
            c->spare[c->spare_count++] = t->easy;
        } else {
            curl_easy_cleanup(t->easy);
        }
        t->easy = NULL;
        if (t->is_flowing) c->flowing--;
        if (t->previous) t->previous->next = t->next;
        else c->running = t->next;
        if (t->next) t->next->previous = t->previous;
    }
    t->callbacks.done(t->context, result, t->error, t->is_sent);
    casc_release(t);
}

static void fail(casc_transfer *t, int result, const char *why) {
    if (!t->error[0]) strncpy(t->error, why, sizeof t->error - 1);
    finish(t, result);
}

static void begin(casc_transfer *t) {
    casc_client *c = t->client;
    int is_new = c->spare_count == 0;
    t->easy = is_new ? curl_easy_init() : c->spare[--c->spare_count];
    if (!t->easy) {
        fail(t, CASC_PROTOCOL, "libcurl has no handle");
        return;
    }
    t->next = c->running;
    if (c->running) c->running->previous = t;
    c->running = t;
    if (t->first_byte_ms > 0) {
        t->deadline = casc_now() + t->first_byte_ms;
        t->deadline_result = CASC_TIMEOUT_FIRST_BYTE;
    }
    if (casc_configure(t, is_new)) {
        fail(t, CASC_INVALID_URL, "libcurl refused an option");
        return;
    }
    CURLMcode code = curl_multi_add_handle(c->multi, t->easy);
    if (code) fail(t, CASC_PROTOCOL, curl_multi_strerror(code));
}

static void resume(casc_transfer *t) {
    if (!t->is_paused) return;
    t->is_paused = 0;
    if (t->idle_ms > 0) {
        t->deadline = casc_now() + t->idle_ms;
        t->deadline_result = CASC_TIMEOUT_IDLE;
    }
    // It may call back at once, and then tells how that went.
    CURLcode code = curl_easy_pause(t->easy, CURLPAUSE_CONT);
    if (code) fail(t, casc_result(code, t->proxy != NULL, t->is_sent), curl_easy_strerror(code));
}

static void take_asked(casc_client *c) {
    pthread_mutex_lock(&c->mutex);
    casc_transfer *t = c->queue_head;
    c->queue_head = c->queue_tail = NULL;
    pthread_mutex_unlock(&c->mutex);
    while (t) {
        pthread_mutex_lock(&c->mutex);
        casc_transfer *next = t->next_queued;
        int asked = t->asked;
        t->asked = 0;
        t->is_queued = 0;
        pthread_mutex_unlock(&c->mutex);
        if (asked & ASK_START) {
            if (asked & ASK_CANCEL) finish(t, CASC_CANCELLED);
            else begin(t);
        } else if (t->easy && asked & ASK_CANCEL) {
            finish(t, CASC_CANCELLED);
        } else if (t->easy && asked & ASK_RESUME) {
            resume(t);
        }
        casc_release(t); // the queue's reference
        t = next;
    }
}

static void reap(casc_client *c) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(c->multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode code = message->data.result;
        casc_transfer *t = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        if (!t) continue;
        int result = casc_result(code, t->proxy != NULL, t->is_sent);
        if (t->is_too_large) result = CASC_TOO_LARGE;
        if (!t->error[0] && code != CURLE_OK)
            strncpy(t->error, curl_easy_strerror(code), sizeof t->error - 1);
        finish(t, result);
    }
}

static void check_deadlines(casc_client *c, long long now) {
    for (casc_transfer *t = c->running, *next; t; t = next) {
        next = t->next;
        if (t->deadline && t->deadline <= now) finish(t, t->deadline_result);
    }
}

static void *run(void *user) {
    casc_client *c = user;
    struct epoll_event events[256];
    long long next_tick = 0;
    int running;
    for (;;) {
        long long now = casc_now();
        long long until = c->running ? next_tick : -1;
        if (c->timer >= 0 && (until < 0 || c->timer < until)) until = c->timer;
        if (c->first_resting && (until < 0 || c->first_resting->due < until)) until = c->first_resting->due;
        int wait = until < 0 ? -1 : until <= now ? 0 : (int)(until - now);
        int count = epoll_wait(c->epoll, events, 256, wait);
        int is_asked = 0;
        for (int i = 0; i < count; i++) {
            casc_socket *s = events[i].data.ptr;
            if (!s) {
                eventfd_t ignored;
                eventfd_read(c->wake, &ignored);
                is_asked = 1;
                continue;
            }
            if (s->is_gone) continue;
            int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                       (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                       (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
            c->taken = 0;
            curl_multi_socket_action(c->multi, s->fd, what, &running);
            if (c->taken > 0 && c->taken < MUCH) rest(c, s);
        }
        if (is_asked) take_asked(c);
        now = casc_now();
        if (c->timer >= 0 && c->timer <= now) {
            c->timer = -1;
            curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        reap(c);
        forget_gone(c);
        end_rests(c, now);
        if (now >= next_tick) {
            check_deadlines(c, now);
            next_tick = now + TICK;
        }
        c->settled();
    }
    return NULL;
}

// MARK: starting

casc_client *casc_client_new(long max_idle_connections, void (*settled)(void)) {
    if (curl_global_init(CURL_GLOBAL_ALL)) return NULL;
    casc_client *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->timer = -1;
    c->settled = settled;
    c->multi = curl_multi_init();
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (!c->multi || c->epoll < 0 || c->wake < 0 || pthread_mutex_init(&c->mutex, NULL) ||
        epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->wake, &event) ||
        curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket) ||
        curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c) ||
        curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer) ||
        curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c) ||
        curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, max_idle_connections))
        // No request can be sent then, ever. A process makes one client, so what is not freed stays small.
        return NULL;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, run, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) return NULL;
    pthread_detach(thread);
    return c;
}

static char *copy(const char *text, int *failed) {
    if (!text) return NULL;
    char *result = strdup(text);
    if (!result) *failed = 1;
    return result;
}

casc_transfer *casc_start(
    casc_client *c, const casc_request *request, const casc_callbacks *callbacks, void *context) {
    casc_transfer *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    int failed = 0;
    t->client = c;
    atomic_init(&t->references, 2); // the caller's and curl's
    t->url = copy(request->url, &failed);
    t->method = copy(request->method, &failed);
    t->proxy = copy(request->proxy, &failed);
    t->ca_file = copy(request->ca_file, &failed);
    for (size_t i = 0; i < request->header_count && !failed; i++) {
        struct curl_slist *list = curl_slist_append(t->headers, request->headers[i]);
        if (list) t->headers = list;
        else failed = 1;
    }
    t->has_body = request->has_body;
    if (request->has_body && request->body_length > 0) {
        t->body = malloc(request->body_length);
        if (t->body) memcpy(t->body, request->body, request->body_length);
        else failed = 1;
        t->body_length = request->body_length;
    }
    t->connect_ms = request->connect_ms;
    t->first_byte_ms = request->first_byte_ms;
    t->idle_ms = request->idle_ms;
    t->total_ms = request->total_ms;
    t->callbacks = *callbacks;
    t->context = context;
    if (failed) {
        casc_release(t);
        casc_release(t);
        return NULL;
    }
    ask(t, ASK_START);
    return t;
}
