// An OpenAI-compatible upstream for measuring: one thread, epoll, fixed answers.
//
//   upstream PORT PIECES INTERVAL_MS [WAIT_MS]
//
// A request with "stream":true gets PIECES chunks, INTERVAL_MS apart, each with the monotonic nanosecond of its sending
// as its text. Any other gets a fixed completion, after WAIT_MS. GET /most answers how many waited at once at most.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

struct peer {
    int fd, sent, is_waiting;
    size_t length;
    long long due;
    struct peer *next;
    char request[65536];
};

static struct peer *first, *last;
static int pieces, is_closing, waiting, most_waiting;
static long long interval, wait_time;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// All waits of a kind are equally long, so a queue is in the order of its deadlines.
static void later(struct peer *p, long long pause) {
    p->due = now() + pause;
    p->next = NULL;
    p->is_waiting = 1;
    if (last) last->next = p;
    else first = p;
    last = p;
}

static int put(struct peer *p, const char *text, int length) { return write(p->fd, text, length) == length; }

static int chunk(struct peer *p, const char *text) {
    char out[1024];
    int n = snprintf(out, sizeof out, "%zx\r\n%s\r\n", strlen(text), text);
    return put(p, out, n);
}

static const char *const completion =
    "{\"id\":\"chatcmpl-fixed\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":0,"
    "\"message\":{\"role\":\"assistant\",\"content\":\"The Danube rises in the Black Forest, flows through ten countries, more "
    "than any other river in the world, and ends after two thousand eight hundred and fifty kilometres in a delta on the "
    "coast of the Black Sea. It was long the border of the Roman Empire, and its name is older than that. Four capitals "
    "stand on it today: Vienna, Bratislava, Budapest and Belgrade.\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":80,\"total_tokens\":92}}";

static void answer(struct peer *p, const char *body) {
    char out[2048];
    int size = snprintf(out, sizeof out,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        strlen(body), body);
    put(p, out, size);
    p->length = 0;
}

static void answer_most(struct peer *p) {
    char text[16];
    snprintf(text, sizeof text, "%d", most_waiting);
    answer(p, text);
}

static void step(struct peer *p) {
    p->is_waiting = 0;
    if (p->sent < 0) {
        waiting--;
        answer(p, completion);
        return;
    }
    char text[512];
    if (p->sent < pieces) {
        snprintf(text, sizeof text,
                 "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
                 "\"delta\":{\"content\":\"%lld \"},\"finish_reason\":null}]}\n\n", now());
        chunk(p, text);
        p->sent++;
        later(p, interval);
        return;
    }
    chunk(p, "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
             "\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
    chunk(p, "data: [DONE]\n\n");
    put(p, "0\r\n\r\n", 5);
    p->length = 0;
}

// Whether a whole request is there.
static int is_whole(struct peer *p) {
    p->request[p->length] = 0;
    char *end = strstr(p->request, "\r\n\r\n");
    if (!end) return 0;
    char *field = strcasestr(p->request, "content-length:");
    size_t body = field && field < end ? strtoul(field + 15, NULL, 10) : 0;
    return p->length >= (size_t)(end + 4 - p->request) + body;
}

static void take(struct peer *p) {
    if (!is_whole(p)) return;
    if (strstr(p->request, "\"stream\":true")) {
        static const char head[] =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        put(p, head, sizeof head - 1);
        p->sent = 0;
        step(p);
    } else if (strncmp(p->request, "GET /most ", 10) == 0) {
        answer_most(p);
    } else if (wait_time) {
        p->sent = -1;
        if (++waiting > most_waiting) most_waiting = waiting;
        later(p, wait_time);
    } else {
        answer(p, completion);
    }
}

static void stop(int signal) { (void)signal; is_closing = 1; }

int main(int count, char **arguments) {
    if (count < 4) return 2;
    pieces = atoi(arguments[2]);
    interval = atoll(arguments[3]) * 1000000;
    wait_time = count > 4 ? atoll(arguments[4]) * 1000000 : 0;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 32768)) return 1;
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, found[512];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    while (!is_closing) {
        // To the nanosecond: what waits in whole milliseconds spins through the last one.
        long long pause = first ? first->due - now() : 1000000000;
        if (pause < 0) pause = 0;
        struct timespec most = {.tv_sec = pause / 1000000000, .tv_nsec = pause % 1000000000};
        int ready = epoll_pwait2(epoll, found, 512, &most, NULL);
        for (int i = 0; i < ready; i++) {
            struct peer *p = found[i].data.ptr;
            if (!p) {
                for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    p = calloc(1, sizeof *p);
                    if (!p) { close(fd); continue; }
                    p->fd = fd;
                    event = (struct epoll_event){.events = EPOLLIN, .data.ptr = p};
                    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
                }
                continue;
            }
            ssize_t got = read(p->fd, p->request + p->length, sizeof p->request - 1 - p->length);
            if (got > 0) {
                p->length += got;
                if (!p->is_waiting) take(p);
            } else if (got == 0) {
                close(p->fd);
                p->fd = -1;
                if (!p->is_waiting) free(p);
            }
        }
        long long time = now();
        while (first && first->due <= time) {
            struct peer *p = first;
            first = p->next;
            if (!first) last = NULL;
            if (p->fd >= 0) {
                step(p);
                continue;
            }
            if (p->sent < 0) waiting--;
            free(p);
        }
    }
    return 0;
}
