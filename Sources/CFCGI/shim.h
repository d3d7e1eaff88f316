// libfcgi, and the parts of Linux that Swift's overlay of glibc does not show.
#pragma once
#include <fcgiapp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

enum {
    FCGI_READABLE = EPOLLIN,
    FCGI_WRITABLE = EPOLLOUT,
    FCGI_HUNG_UP = EPOLLRDHUP,
    FCGI_GONE = EPOLLRDHUP | EPOLLHUP | EPOLLERR,
};

static inline int fcgi_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

// One event of the set is reported once; `token` comes back with it.
static inline int fcgi_epoll_arm(int epoll, int is_new, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events | EPOLLONESHOT, .data.u64 = token};
    return epoll_ctl(epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

static inline int fcgi_epoll_remove(int epoll, int fd) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
}

// Waits without limit; at most 256 events.
static inline int fcgi_epoll_wait(int epoll, uint64_t *tokens, uint32_t *events, int capacity) {
    struct epoll_event found[256];
    int count = epoll_wait(epoll, found, capacity < 256 ? capacity : 256, -1);
    for (int i = 0; i < count; i++) {
        tokens[i] = found[i].data.u64;
        events[i] = found[i].events;
    }
    return count;
}

static inline int fcgi_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline int fcgi_eventfd_signal(int fd) { return eventfd_write(fd, 1); }
static inline int fcgi_signalfd(const sigset_t *set) { return signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK); }
// Asks for `signal` when the parent dies.
static inline int fcgi_die_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }
