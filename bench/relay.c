// What a stream costs in C: the records of FastCGI on one side, the upstream on the other, nothing between but the
// conversation's id, which each event is given.
//
//   relay SOCKET UPSTREAM_PORT
//
// Two processes with one thread each, on SOCKET.0 and SOCKET.1. No key is looked for and nothing is archived.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { processes = 2, queue_size = 32768, header_size = 8, output_size = 32768 };
enum { end_request = 3, standard_input = 5, standard_output = 6 };

static const char event_start[] = "data: {";
static const char identity[] = "\"conversation_id\":\"0123456789abcdef0123456789abcdef\",";
static const char head[] =
    "Content-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n\r\n";

// Where the reading of the upstream's answer stands.
enum place { in_head, in_size, in_bytes, after_bytes, after_all };

struct stream;
// What epoll knows of a descriptor.
struct side {
    struct stream *stream;
    int fd;
};

struct stream {
    struct side down, up;
    int is_connected, is_over;
    enum place place;
    // Of the head's last bytes that are an empty line's, of the chunk, and of the line's that begin an event.
    int matched, event_matched;
    size_t left;
    size_t input_size, body_size;
    struct stream *next;
    unsigned char input[4096];
    char body[4096];
};

static int epoll, upstream_port;
static struct stream *over;
// One record at a time is made, for one stream.
static unsigned char output[output_size];
static size_t output_used = header_size;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(struct side *side, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.ptr = side};
    if (epoll_ctl(epoll, how, side->fd, &event) != 0) fail("epoll_ctl");
}

// Closes both sides. It is freed after the round, because an event of it may still be in the loop's hands.
static void finish(struct stream *s) {
    if (s->is_over) return;
    s->is_over = 1;
    close(s->down.fd);
    if (s->up.fd >= 0) close(s->up.fd);
    s->next = over;
    over = s;
}

static void record_header(unsigned char *at, int type, size_t size) {
    const unsigned char header[] = {1, (unsigned char)type, 0, 1, (unsigned char)(size >> 8), (unsigned char)size, 0, 0};
    memcpy(at, header, sizeof header);
}

static void flush(struct stream *s) {
    size_t size = output_used;
    output_used = header_size;
    if (size == header_size) return;
    record_header(output, standard_output, size - header_size);
    if (send(s->down.fd, output, size, MSG_NOSIGNAL) != (ssize_t)size) finish(s);
}

static void put(struct stream *s, const char *bytes, size_t size) {
    if (output_used + size > sizeof output) flush(s);
    memcpy(output + output_used, bytes, size);
    output_used += size;
}

static void end(struct stream *s) {
    flush(s);
    unsigned char last[3 * header_size] = {0};
    record_header(last, standard_output, 0);
    record_header(last + header_size, end_request, header_size);
    if (!s->is_over) send(s->down.fd, last, sizeof last, MSG_NOSIGNAL);
    finish(s);
}

// Hands on the bytes of a chunk, with the conversation's id at the beginning of each event's object.
static void hand_on(struct stream *s, const char *bytes, size_t size) {
    size_t from = 0;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            s->event_matched = 0;
        } else if (s->event_matched >= 0) {
            s->event_matched = bytes[i] == event_start[s->event_matched] ? s->event_matched + 1 : -1;
            if (s->event_matched == sizeof event_start - 1) {
                put(s, bytes + from, i + 1 - from);
                put(s, identity, sizeof identity - 1);
                from = i + 1;
                s->event_matched = -1;
            }
        }
    }
    put(s, bytes + from, size - from);
}

static void from_upstream(struct stream *s) {
    static char input[16384];
    ssize_t got = recv(s->up.fd, input, sizeof input, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        end(s);
        return;
    }
    for (ssize_t i = 0; i < got && s->place != after_all;) {
        char c = input[i];
        switch (s->place) {
        case in_head:
            i++;
            s->matched = c == "\r\n\r\n"[s->matched] ? s->matched + 1 : c == '\r';
            if (s->matched < 4) break;
            put(s, head, sizeof head - 1);
            s->place = in_size;
            break;
        case in_size:
            i++;
            if (c == '\n') s->place = s->left ? in_bytes : after_all;
            else if (c != '\r') s->left = s->left * 16 + (size_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
            break;
        case in_bytes: {
            size_t size = s->left < (size_t)(got - i) ? s->left : (size_t)(got - i);
            hand_on(s, input + i, size);
            s->left -= size;
            i += (ssize_t)size;
            if (s->left == 0) s->place = after_bytes;
            break;
        }
        case after_bytes:
            i++;
            if (c == '\n') s->place = in_size;
            break;
        case after_all:
            break;
        }
    }
    if (s->place == after_all) end(s);
    else flush(s);
}

static void connect_upstream(struct stream *s) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)upstream_port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    s->up.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->up.fd < 0) fail("socket");
    setsockopt(s->up.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(s->up.fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
        end(s);
        return;
    }
    watch(&s->up, EPOLLOUT, EPOLL_CTL_ADD);
}

static void ask(struct stream *s) {
    char request[sizeof s->body + 256];
    int size = snprintf(request, sizeof request,
                        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n%.*s",
                        s->body_size, (int)s->body_size, s->body);
    if (send(s->up.fd, request, (size_t)size, MSG_NOSIGNAL) != size) {
        end(s);
        return;
    }
    s->is_connected = 1;
    watch(&s->up, EPOLLIN, EPOLL_CTL_MOD);
}

// Reads nginx's records: the parameters are passed over, the input is the body, and an empty input ends the request.
static void from_nginx(struct stream *s) {
    ssize_t got = recv(s->down.fd, s->input + s->input_size, sizeof s->input - s->input_size, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        finish(s);
        return;
    }
    s->input_size += (size_t)got;
    size_t at = 0;
    while (s->input_size - at >= header_size) {
        const unsigned char *record = s->input + at;
        size_t content = (size_t)(record[4] << 8 | record[5]), whole = header_size + content + record[6];
        if (s->input_size - at < whole) break;
        at += whole;
        if (record[1] != standard_input) continue;
        if (content == 0 && s->up.fd < 0) connect_upstream(s);
        if (s->is_over || content > sizeof s->body - s->body_size) {
            finish(s);
            return;
        }
        memcpy(s->body + s->body_size, record + header_size, content);
        s->body_size += content;
    }
    memmove(s->input, s->input + at, s->input_size - at);
    s->input_size -= at;
}

static void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        struct stream *s = calloc(1, sizeof *s);
        if (!s) fail("calloc");
        s->down = (struct side){s, fd};
        s->up = (struct side){s, -1};
        watch(&s->down, EPOLLIN, EPOLL_CTL_ADD);
    }
}

static int open_socket(const char *name, int number) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int size = snprintf(address.sun_path, sizeof address.sun_path, "%s.%d", name, number);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (size >= (int)sizeof address.sun_path || fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, queue_size) != 0 || chmod(address.sun_path, 0666) != 0)
        fail(name);
    return fd;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    upstream_port = atoi(words[2]);
    int listeners[processes], number = 0;
    for (int n = 0; n < processes; n++) listeners[n] = open_socket(words[1], n);
    for (int n = 1; n < processes && number == 0; n++) {
        pid_t child = fork();
        if (child < 0) fail("fork");
        // The first process is told to end; the others end with it.
        if (child == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0) number = n;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct side listener = {NULL, listeners[number]};
    watch(&listener, EPOLLIN, EPOLL_CTL_ADD);
    struct epoll_event found[512];
    for (;;) {
        int ready = epoll_wait(epoll, found, 512, -1);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct side *side = found[i].data.ptr;
            struct stream *s = side->stream;
            if (!s) accept_all(side->fd);
            else if (s->is_over) continue;
            else if (side == &s->down) from_nginx(s);
            else if (s->is_connected) from_upstream(s);
            else ask(s);
        }
        while (over) {
            struct stream *s = over;
            over = s->next;
            free(s);
        }
    }
}
