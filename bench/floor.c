// What a request costs in C: nginx, libfcgi and, step by step, what no gateway can do without.
//
//   floor SOCKET [UPSTREAM_PORT [FOLDER append|sync]]
//
// Two processes with one thread each, on SOCKET.0 and SOCKET.1. Without a port they answer 598 bytes themselves; with
// one they ask the upstream by libcurl. "append" adds each turn to a file in FOLDER, and "sync" gives it to a journal,
// too, whose thread makes it durable before the answer goes out. nginx says whether connections are kept.
#define _GNU_SOURCE
#include <curl/curl.h>
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { processes = 2, own_size = 598, queue_size = 4096, record_size = 1100, journal_size = 8 << 20 };

// What epoll knows of a descriptor: whom to call. It is the first member of whatever it belongs to.
struct source {
    void (*ready)(struct source *, uint32_t events);
    int fd;
};

// A connection from nginx, and the request that runs on it.
struct exchange {
    struct source source;
    FCGX_Request request;
    CURL *easy;
    // In the list of free ones, of those that wait for the journal, or of those whose turns are durable.
    struct exchange *next;
    // An event came while the request ran: it is the next request or the end of the connection.
    int is_running, has_event;
    size_t body_size, answer_size;
    char body[8192], answer[8192];
};

static int epoll, archive = -1, journal = -1, wake = -1;
static struct exchange *unused;
static CURLM *multi;
static struct curl_slist *fields;
static long timeout = -1;
static char url[128];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_work = PTHREAD_COND_INITIALIZER;
static struct exchange *waiting, *durable;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(struct source *source, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = source};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, source->fd, &event) != 0) fail("epoll_ctl");
}

// A request's way

static void take(struct exchange *e);

// Whether a request or the connection's end is there to be read: an event may be about bytes that were read before it.
static int has_something(const struct exchange *e) {
    char byte;
    return recv(e->request.ipcFd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

static void reply(struct exchange *e) {
    FCGX_FPrintF(e->request.out, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", (int)e->answer_size);
    FCGX_PutStr(e->answer, (int)e->answer_size, e->request.out);
    FCGX_Finish_r(&e->request);
    e->is_running = 0;
    if (e->request.ipcFd < 0) {
        e->next = unused;
        unused = e;
    } else if (e->has_event && has_something(e)) {
        take(e);
    }
}

static void record_of(const struct exchange *e, char record[record_size]) {
    size_t size = e->answer_size < record_size - 1 ? e->answer_size : record_size - 1;
    memset(record, ' ', record_size - 1);
    memcpy(record, e->answer, size);
    record[record_size - 1] = '\n';
}

static void answered(struct exchange *e) {
    if (archive >= 0) {
        char record[record_size];
        record_of(e, record);
        if (write(archive, record, record_size) != record_size) fail("append");
    }
    if (journal < 0) {
        reply(e);
        return;
    }
    pthread_mutex_lock(&mutex);
    e->next = waiting;
    waiting = e;
    pthread_mutex_unlock(&mutex);
    pthread_cond_signal(&has_work);
}

static size_t keep(char *bytes, size_t one, size_t count, void *context) {
    struct exchange *e = context;
    size_t size = one * count;
    if (size > sizeof e->answer - e->answer_size) return 0;
    memcpy(e->answer + e->answer_size, bytes, size);
    e->answer_size += size;
    return size;
}

static void ask(struct exchange *e) {
    if (!e->easy) {
        e->easy = curl_easy_init();
        if (!e->easy) fail("curl_easy_init");
        curl_easy_setopt(e->easy, CURLOPT_URL, url);
        curl_easy_setopt(e->easy, CURLOPT_HTTPHEADER, fields);
        curl_easy_setopt(e->easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(e->easy, CURLOPT_PROXY, "");
        curl_easy_setopt(e->easy, CURLOPT_WRITEFUNCTION, keep);
        curl_easy_setopt(e->easy, CURLOPT_WRITEDATA, e);
        curl_easy_setopt(e->easy, CURLOPT_PRIVATE, e);
    }
    curl_easy_setopt(e->easy, CURLOPT_POSTFIELDS, e->body);
    curl_easy_setopt(e->easy, CURLOPT_POSTFIELDSIZE, (long)e->body_size);
    if (curl_multi_add_handle(multi, e->easy) != CURLM_OK) fail("curl_multi_add_handle");
}

// Reads a request of which something is there, or the connection's end.
static void take(struct exchange *e) {
    e->has_event = 0;
    if (FCGX_Accept_r(&e->request) != 0) {
        // libfcgi has closed it.
        e->next = unused;
        unused = e;
        return;
    }
    e->is_running = 1;
    e->body_size = e->answer_size = 0;
    for (int got; (got = FCGX_GetStr(e->body + e->body_size, (int)(sizeof e->body - e->body_size), e->request.in)) > 0;)
        e->body_size += (size_t)got;
    if (multi) {
        ask(e);
        return;
    }
    memset(e->answer, ' ', own_size);
    memcpy(e->answer, "{}", 2);
    e->answer_size = own_size;
    answered(e);
}

static void on_request(struct source *source, uint32_t events) {
    struct exchange *e = (struct exchange *)source;
    (void)events;
    if (e->is_running) e->has_event = 1;
    else if (e->request.ipcFd >= 0 && has_something(e)) take(e);
}

static void on_connection(struct source *listener, uint32_t events) {
    (void)events;
    for (int fd; (fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        struct exchange *e = unused;
        if (e) unused = e->next;
        else if (!(e = calloc(1, sizeof *e))) fail("calloc");
        // libfcgi accepts by itself only where a request has no connection; this one has, and keeps it till nginx's
        // first word says otherwise. A detached one is closed without waiting for the other side.
        FCGX_InitRequest(&e->request, -1, 0);
        e->request.ipcFd = fd;
        e->request.keepConnection = 1;
        FCGX_Detach(&e->request);
        e->is_running = e->has_event = 0;
        e->source = (struct source){on_request, fd};
        watch(&e->source, EPOLLIN | EPOLLRDHUP | EPOLLET);
    }
}

// libcurl

static void collect(void) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
        if (message->msg != CURLMSG_DONE) continue;
        struct exchange *e;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&e);
        curl_multi_remove_handle(multi, e->easy);
        answered(e);
    }
}

static void on_upstream(struct source *source, uint32_t events) {
    int what = (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    int running;
    curl_multi_socket_action(multi, source->fd, what, &running);
    collect();
}

static int on_interest(CURL *easy, curl_socket_t fd, int what, void *context, void *known) {
    (void)easy, (void)context;
    struct source *source = known;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
        // The source stays for the next socket of this number: an event of this one may still be in the loop's hands.
        return 0;
    }
    static struct source sources[65536];
    int is_new = !source;
    if (is_new) {
        source = &sources[fd & 65535];
        *source = (struct source){on_upstream, fd};
        curl_multi_assign(multi, fd, source);
    }
    struct epoll_event event = {
        .events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0), .data.ptr = source};
    epoll_ctl(epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    return 0;
}

static int on_timeout(CURLM *handle, long milliseconds, void *context) {
    (void)handle, (void)context;
    timeout = milliseconds;
    return 0;
}

// The journal

static void *keep_journal(void *context) {
    (void)context;
    static char batch[record_size * 512];
    off_t at = 0;
    for (;;) {
        pthread_mutex_lock(&mutex);
        while (!waiting) pthread_cond_wait(&has_work, &mutex);
        struct exchange *first = waiting, *last = NULL;
        waiting = NULL;
        pthread_mutex_unlock(&mutex);
        size_t size = 0;
        for (struct exchange *e = first; e; last = e, e = e->next) {
            record_of(e, batch + size);
            size += record_size;
            if (size < sizeof batch && e->next) continue;
            if (at + (off_t)size > journal_size) at = 0;
            if (pwrite(journal, batch, size, at) != (ssize_t)size) fail("journal");
            at += (off_t)size;
            size = 0;
        }
        if (fdatasync(journal) != 0) fail("fdatasync");
        pthread_mutex_lock(&mutex);
        int is_known = durable != NULL;
        last->next = durable;
        durable = first;
        pthread_mutex_unlock(&mutex);
        if (!is_known) eventfd_write(wake, 1);
    }
    return NULL;
}

static void on_durable(struct source *source, uint32_t events) {
    (void)events;
    eventfd_t count;
    eventfd_read(source->fd, &count);
    pthread_mutex_lock(&mutex);
    struct exchange *e = durable;
    durable = NULL;
    pthread_mutex_unlock(&mutex);
    for (struct exchange *next; e; e = next) {
        next = e->next;
        reply(e);
    }
}

static int open_file(const char *folder, const char *name, int number, int flags) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s.%d", folder, name, number);
    int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) fail(path);
    return fd;
}

static void open_journal(const char *folder, int number) {
    static struct source source;
    static char zeros[1 << 16];
    journal = open_file(folder, "journal", number, O_RDWR);
    for (off_t at = 0; at < journal_size; at += sizeof zeros)
        if (pwrite(journal, zeros, sizeof zeros, at) != sizeof zeros) fail("journal");
    if (fsync(journal) != 0) fail("fsync");
    source = (struct source){on_durable, wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    watch(&source, EPOLLIN);
    pthread_t thread;
    if (pthread_create(&thread, NULL, keep_journal, NULL) != 0) fail("pthread_create");
}

int main(int count, char **words) {
    if (count < 2 || count == 4 || FCGX_Init() != 0) return 2;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    // libfcgi has taken it, for a loop that is not used here.
    signal(SIGTERM, SIG_DFL);
    static struct source listeners[processes];
    int number = 0;
    for (int n = 0; n < processes; n++) {
        char path[512];
        snprintf(path, sizeof path, "%s.%d", words[1], n);
        int fd = FCGX_OpenSocket(path, queue_size);
        if (fd < 0 || chmod(path, 0666) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) fail(path);
        listeners[n] = (struct source){on_connection, fd};
    }
    for (int n = 1; n < processes && number == 0; n++) {
        pid_t child = fork();
        if (child < 0) fail("fork");
        // The first process is told to end; the others end with it.
        if (child == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0) number = n;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(&listeners[number], EPOLLIN);
    if (count > 2) {
        snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/chat/completions", atoi(words[2]));
        curl_global_init(CURL_GLOBAL_ALL);
        multi = curl_multi_init();
        fields = curl_slist_append(curl_slist_append(NULL, "Content-Type: application/json"), "Expect:");
        if (!multi || !fields) fail("libcurl");
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_interest);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout);
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1024L);
    }
    if (count > 4) archive = open_file(words[3], "archive", number, O_WRONLY | O_APPEND);
    if (count > 4 && strcmp(words[4], "sync") == 0) open_journal(words[3], number);
    struct epoll_event found[256];
    for (;;) {
        int ready = epoll_wait(epoll, found, 256, (int)timeout);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct source *source = found[i].data.ptr;
            source->ready(source, found[i].events);
        }
        if (multi && (ready == 0 || timeout == 0)) {
            int running;
            timeout = -1;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
            collect();
        }
    }
}
