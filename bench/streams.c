// Opens many streamed completions at once and measures them.
//
//   streams PORT COUNT KEY
//
// Prints as JSON: streams that ended with [DONE], pieces, the quantiles of the streams' duration in milliseconds, and
// those of the time from the sending of a piece, which is its text, to its arrival, in microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct stream {
    int fd, length, is_done;
    char tail[2048];
};

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
    return count ? values[(size_t)((count - 1) * q)] : 0;
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    int total = atoi(arguments[2]), open = total, done = 0;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    static const char body[] = "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
    char request[1024];
    int size = snprintf(request, sizeof request,
                        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                        arguments[3], sizeof body - 1, body);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct stream *streams = calloc(total, sizeof *streams);
    size_t capacity = (size_t)total * 256 + 1024, pieces = 0;
    double *delays = malloc(capacity * sizeof *delays), *durations = malloc((total + 1) * sizeof *durations);
    if (!streams || !delays || !durations) return 1;
    int epoll = epoll_create1(0);
    long long begin = now();
    for (int i = 0; i < total; i++) {
        streams[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(streams[i].fd, (struct sockaddr *)&address, sizeof address) ||
            write(streams[i].fd, request, size) != size)
            return 1;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &streams[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, streams[i].fd, &event);
    }
    static char input[65536];
    struct epoll_event found[512];
    while (open > 0 && now() - begin < 60000000000LL) {
        int ready = epoll_wait(epoll, found, 512, 1000);
        for (int i = 0; i < ready; i++) {
            struct stream *s = found[i].data.ptr;
            memcpy(input, s->tail, s->length);
            ssize_t got = read(s->fd, input + s->length, sizeof input - 1 - s->length);
            long long time = now();
            if (got <= 0) {
                close(s->fd);
                open--;
                continue;
            }
            size_t length = s->length + got;
            input[length] = 0;
            char *at = input, *end;
            // A text is complete when its closing space is there.
            while ((at = strstr(at, "\"content\":\"")) && (end = strchr(at, ' '))) {
                if (pieces < capacity) delays[pieces++] = (time - atoll(at + 11)) / 1000.0;
                memmove(at, end, input + length + 1 - end);
                length -= end - at;
            }
            if (!s->is_done && strstr(input, "[DONE]")) {
                s->is_done = 1;
                durations[done++] = (time - begin) / 1000000.0;
            }
            s->length = length < 1500 ? (int)length : 1500;
            memcpy(s->tail, input + length - s->length, s->length);
        }
    }
    qsort(delays, pieces, sizeof *delays, compare);
    qsort(durations, done, sizeof *durations, compare);
    printf("{\"streams\":%d,\"whole\":%d,\"pieces\":%zu,\"duration_ms\":{\"p50\":%.0f,\"p99\":%.0f},"
           "\"delay_us\":{\"p50\":%.0f,\"p99\":%.0f}}\n",
           total, done, pieces, quantile(durations, done, 0.5), quantile(durations, done, 0.99),
           quantile(delays, pieces, 0.5), quantile(delays, pieces, 0.99));
    return 0;
}
