#include "transfer.h"
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
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
        s->is_removed = 1;
        // An event of it may be among those that are being handled.
        s->next = c->removed;
        c->removed = s;
        return 0;
    }
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    if (!s) {
        s = calloc(1, sizeof *s);
        if (!s) return -1;
        s->fd = fd;
        if (watch(c, EPOLL_CTL_ADD, s, events)) {
            free(s);
            return -1;
        }
        curl_multi_assign(c->multi, fd, s);
        return 0;
    }
    return watch(c, EPOLL_CTL_MOD, s, events) ? -1 : 0;
}

static void free_removed(casc_client *c) {
    while (c->removed) {
        casc_socket *s = c->removed;
        c->removed = s->next;
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
        if (t->previous) t->previous->next = t->next;
        else c->running = t->next;
        if (t->next) t->next->previous = t->previous;
    }
    t->is_over = 1;
    t->callbacks.done(t->context, result, t->error, t->is_sent);
    casc_release(t);
}

static void fail(casc_transfer *t, int result, const char *why) {
    if (!t->error[0]) strncpy(t->error, why, sizeof t->error - 1);
    finish(t, result);
}

static void begin(casc_transfer *t) {
    casc_client *c = t->client;
    if (t->is_cancelled) {
        finish(t, CASC_CANCELLED);
        return;
    }
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
    if ((is_new && casc_prepare(t)) || casc_configure(t)) {
        fail(t, CASC_INVALID_URL, "libcurl refused an option");
        return;
    }
    CURLMcode code = curl_multi_add_handle(c->multi, t->easy);
    if (code) fail(t, CASC_PROTOCOL, curl_multi_strerror(code));
}

static void resume(casc_transfer *t) {
    if (!t->easy || !t->is_paused) return;
    t->is_paused = 0;
    if (t->idle_ms > 0) {
        t->deadline = casc_now() + t->idle_ms;
        t->deadline_result = CASC_TIMEOUT_IDLE;
    }
    // It may call back at once, and then tells how that went.
    CURLcode code = curl_easy_pause(t->easy, CURLPAUSE_CONT);
    if (code) fail(t, casc_result(code, t->proxy != NULL, t->is_sent), curl_easy_strerror(code));
}

void casc_begin(casc_transfer *t) {
    begin(t);
    t->client->settled();
}

void casc_resume(casc_transfer *t) {
    resume(t);
    t->client->settled();
}

void casc_cancel(casc_transfer *t) {
    if (t->is_over) return;
    t->is_cancelled = 1;
    // One that has not begun ends when it is to begin.
    if (t->easy) finish(t, CASC_CANCELLED);
    t->client->settled();
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

int casc_descriptor(const casc_client *c) { return c->epoll; }

int casc_pause(const casc_client *c) {
    long long until = c->running ? c->next_tick : -1;
    if (c->timer >= 0 && (until < 0 || c->timer < until)) until = c->timer;
    if (until < 0) return -1;
    long long now = casc_now();
    return until <= now ? 0 : (int)(until - now);
}

void casc_act(casc_client *c, int is_readable) {
    struct epoll_event events[256];
    int running;
    int count = is_readable ? epoll_wait(c->epoll, events, 256, 0) : 0;
    for (int i = 0; i < count; i++) {
        casc_socket *s = events[i].data.ptr;
        if (s->is_removed) continue;
        int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(c->multi, s->fd, what, &running);
    }
    long long now = casc_now();
    if (c->timer >= 0 && c->timer <= now) {
        c->timer = -1;
        curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    reap(c);
    free_removed(c);
    if (now >= c->next_tick) {
        check_deadlines(c, now);
        c->next_tick = now + TICK;
    }
    c->settled();
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
    if (!c->multi || c->epoll < 0 ||
        curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket) ||
        curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c) ||
        curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer) ||
        curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c) ||
        curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, max_idle_connections))
        // No request can be sent then, ever. A process makes one client, so what is not freed stays small.
        return NULL;
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
    return t;
}
