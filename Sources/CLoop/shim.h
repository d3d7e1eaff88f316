#pragma once
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* epoll(7) for Swift, which imports its packed struct badly. */

enum { CLOOP_READABLE = 1, CLOOP_WRITABLE = 2, CLOOP_HUNG_UP = 4, CLOOP_EXCLUSIVE = 8 };

struct cloop_event {
    uint64_t token;
    int what; /* of the first three above */
};

static inline int cloop_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int cloop_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline struct epoll_event cloop_interest(uint64_t token, int what) {
    struct epoll_event event = {0};
    event.events = (what & CLOOP_READABLE ? EPOLLIN : 0) | (what & CLOOP_WRITABLE ? EPOLLOUT : 0);
    /* Of all that wait for a listening socket, in whatever process, the kernel wakes one or a few. */
    event.events |= what & CLOOP_EXCLUSIVE ? EPOLLEXCLUSIVE : EPOLLRDHUP;
    event.data.u64 = token;
    return event;
}

static inline int cloop_add(int epoll, int fd, uint64_t token, int what) {
    struct epoll_event event = cloop_interest(token, what);
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static inline int cloop_change(int epoll, int fd, uint64_t token, int what) {
    struct epoll_event event = cloop_interest(token, what);
    return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

static inline int cloop_remove(int epoll, int fd) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
}

/* The number of events (at most 256, and as many as fit), or -1 and errno. */
static inline int cloop_wait(int epoll, struct cloop_event *events, int capacity, int milliseconds) {
    struct epoll_event raw[256];
    int count = epoll_wait(epoll, raw, capacity < 256 ? capacity : 256, milliseconds);
    for (int i = 0; i < count; i++) {
        events[i].token = raw[i].data.u64;
        events[i].what = (raw[i].events & EPOLLIN ? CLOOP_READABLE : 0) |
                         (raw[i].events & EPOLLOUT ? CLOOP_WRITABLE : 0) |
                         (raw[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) ? CLOOP_HUNG_UP : 0);
    }
    return count;
}
