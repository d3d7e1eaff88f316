// Opens many streamed completions at once and measures them.
//
//   streams PORT COUNT KEY [SECONDS]
//
// Prints as JSON: streams, those that ended with [DONE], pieces, the quantiles of the time from the start to a stream's
// end in milliseconds, and those of the time from a piece's sending, which is its text, to its arrival in microseconds.
// Nothing waits for a connection: each sends its request when it is there. What is not over after SECONDS (60) is not
// whole.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { rest_size = 96, pieces_each = 256 };
static const char mark[] = "\"content\":\"", last_event[] = "data: [DONE]";

struct stream {
    int fd, is_asked, is_done;
    // The end of what was read, where a piece may have begun.
    size_t rest;
    char tail[rest_size];
};

static int epoll, open_count, done;
static size_t pieces, capacity;
static double *delays, *durations;
static long long begin;
static char request[1024];
static int request_size;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, size_t count, double q) {
    return count ? values[(size_t)((double)(count - 1) * q)] : 0;
}

static void end(struct stream *s) {
    close(s->fd);
    s->fd = -1;
    open_count--;
}

static void start(struct stream *s, const struct sockaddr_in *address) {
    int one = 1;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) return;
    open_count++;
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = s};
    if ((connect(s->fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno != EINPROGRESS) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &event) != 0)
        end(s);
}

static void ask(struct stream *s) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
    // It fails where the connection did.
    if (write(s->fd, request, (size_t)request_size) != request_size) {
        end(s);
        return;
    }
    s->is_asked = 1;
    epoll_ctl(epoll, EPOLL_CTL_MOD, s->fd, &event);
}

static void take(struct stream *s) {
    static char input[rest_size + 65536 + 1];
    memcpy(input, s->tail, s->rest);
    ssize_t got = read(s->fd, input + s->rest, 65536);
    long long time = now();
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        end(s);
        return;
    }
    char *at = input, *stop = input + s->rest + got, *found, *close;
    *stop = 0;
    while ((found = memmem(at, (size_t)(stop - at), mark, sizeof mark - 1))) {
        char *text = found + sizeof mark - 1;
        // A text is complete when its closing space is there.
        close = memchr(text, ' ', (size_t)(stop - text));
        if (!close) break;
        if (pieces < capacity) delays[pieces++] = (double)(time - atoll(text)) / 1000.0;
        at = close;
    }
    if (!s->is_done && memmem(at, (size_t)(stop - at), last_event, sizeof last_event - 1)) {
        s->is_done = 1;
        durations[done++] = (double)(time - begin) / 1000000.0;
    }
    // Neither a piece's text nor what it is known by is longer than the rest.
    if (!found) found = stop - at > (long)sizeof mark ? stop - (long)sizeof mark : at;
    s->rest = stop - found < rest_size ? (size_t)(stop - found) : rest_size;
    memcpy(s->tail, stop - s->rest, s->rest);
}

int main(int count, char **words) {
    if (count < 4 || atoi(words[2]) < 1) return 2;
    int total = atoi(words[2]);
    long long limit = (count > 4 ? atoll(words[4]) : 60) * 1000000000LL;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    static const char body[] = "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
    request_size = snprintf(request, sizeof request,
                            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                            words[3], sizeof body - 1, body);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct stream *streams = calloc((size_t)total, sizeof *streams);
    capacity = (size_t)total * pieces_each;
    delays = malloc(capacity * sizeof *delays);
    durations = malloc((size_t)total * sizeof *durations);
    if (!streams || !delays || !durations || request_size >= (int)sizeof request) return 1;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    begin = now();
    for (int i = 0; i < total; i++) start(&streams[i], &address);
    struct epoll_event found[512];
    while (open_count > 0 && now() - begin < limit) {
        int ready = epoll_wait(epoll, found, 512, 100);
        for (int i = 0; i < ready; i++) {
            struct stream *s = found[i].data.ptr;
            if (s->is_asked) take(s);
            else ask(s);
        }
    }
    qsort(delays, pieces, sizeof *delays, compare);
    qsort(durations, (size_t)done, sizeof *durations, compare);
    printf("{\"streams\":%d,\"whole\":%d,\"pieces\":%zu,\"duration_ms\":{\"p50\":%.2f,\"p99\":%.2f},"
           "\"delay_us\":{\"p50\":%.0f,\"p99\":%.0f}}\n",
           total, done, pieces, quantile(durations, (size_t)done, 0.5), quantile(durations, (size_t)done, 0.99),
           quantile(delays, pieces, 0.5), quantile(delays, pieces, 0.99));
    return 0;
}
