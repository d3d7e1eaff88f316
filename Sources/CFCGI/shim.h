#pragma once
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* What Swift's Glibc module hides (GNU extensions), imports badly (packed and variadic things), or both. */

/* Declared here because the importer compiles without _GNU_SOURCE. */
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pipe2(int[2], int);
extern int memfd_create(const char *, unsigned int);

/* Accepts a connection that no child process inherits. -1 and errno on failure. */
static inline int cfcgi_accept(int listening) { return accept4(listening, 0, 0, SOCK_CLOEXEC); }

struct cfcgi_event {
    uint64_t token;
    int hung_up; /* 1 if the peer left, 0 if what was waited for is there */
};

static inline int cfcgi_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

/* Watches `fd` once for a hang-up and, if asked, for bytes to read or room to write. `add` is 1 for a new fd, 0 to arm
   it again. */
static inline int cfcgi_epoll_arm(int epoll, int add, int fd, uint64_t token, int readable, int writable) {
    struct epoll_event event = {0};
    event.events = EPOLLRDHUP | EPOLLONESHOT | (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
    event.data.u64 = token;
    return epoll_ctl(epoll, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

/* Watches a listening socket; of all that watch it, in whatever process, the kernel wakes one or a few (epoll_ctl(2)). */
static inline int cfcgi_epoll_add_listening(int epoll, int fd, uint64_t token) {
    struct epoll_event event = {0};
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    event.data.u64 = token;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Watches `fd`, an eventfd, for as long as it is open. */
static inline int cfcgi_epoll_add_eventfd(int epoll, int fd, uint64_t token) {
    struct epoll_event event = {0};
    event.events = EPOLLIN;
    event.data.u64 = token;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static inline int cfcgi_epoll_remove(int epoll, int fd) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
}

/* Waits for ever. The number of events (at most 128), or -1 and errno. */
static inline int cfcgi_epoll_wait(int epoll, struct cfcgi_event *events, int capacity) {
    struct epoll_event raw[128];
    int count = epoll_wait(epoll, raw, capacity < 128 ? capacity : 128, -1);
    for (int i = 0; i < count; i++) {
        events[i].token = raw[i].data.u64;
        events[i].hung_up = (raw[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    }
    return count;
}

/* Takes what is there to read; never waits. As recv(2). */
static inline ssize_t cfcgi_receive(int fd, void *buffer, size_t size) { return recv(fd, buffer, size, MSG_DONTWAIT); }

static inline int cfcgi_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int cfcgi_signalfd(const sigset_t *signals) { return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK); }

/* The next pending signal of a signalfd, or 0 if there is none. */
static inline int cfcgi_next_signal(int fd) {
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

/* Asks the kernel to send `signal` when the thread that started this process ends. */
static inline int cfcgi_signal_when_parent_ends(int signal) { return prctl(PR_SET_PDEATHSIG, (unsigned long)signal); }

/* Two connected sockets that no child process inherits. -1 and errno on failure. */
static inline int cfcgi_socket_pair(int *one, int *other) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    *one = ends[0];
    *other = ends[1];
    return 0;
}

/* A file in `directory` that has no name and goes with its last descriptor (O_TMPFILE, open(2)). -1 and errno on
   failure. */
static inline int cfcgi_unnamed_file(const char *directory) {
    return open(directory, 020000000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0600);
}

/* A pipe that no child process inherits. -1 and errno on failure. */
/* Close-on-exec; grows as it is written to, and is on no disk. */
static inline int cfcgi_memory_file(const char *name) { return memfd_create(name, 1U /* MFD_CLOEXEC */); }

static inline int cfcgi_pipe(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}
