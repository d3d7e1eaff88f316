#pragma once
#include <fastcgi.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* What Swift's Glibc module hides (GNU extensions), imports badly (packed and variadic things), or both. */

/* Declared here because the importer compiles without _GNU_SOURCE. */
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pipe2(int[2], int);
extern int memfd_create(const char *, unsigned int);

/* Accepts a connection that no child process inherits. -1 and errno on failure. */
static inline int cfcgi_accept(int listening) { return accept4(listening, 0, 0, SOCK_CLOEXEC); }

/* The headers of records and the end of a request, as fastcgi.h lays them out. */
static inline void cfcgi_header(FCGI_Header *header, int type, uint16_t id, uint16_t length) {
    *header = (FCGI_Header){
        .version = FCGI_VERSION_1,
        .type = (unsigned char)type,
        .requestIdB1 = (unsigned char)(id >> 8),
        .requestIdB0 = (unsigned char)id,
        .contentLengthB1 = (unsigned char)(length >> 8),
        .contentLengthB0 = (unsigned char)length,
    };
}

/* Sends a part of an answer: a record of output, if `length` is not 0, and the end of the request, if it `ends`. Never
   waits. `sent` says how much of all that has gone out before. The number of bytes that went out, or -1 and errno. */
static inline ssize_t cfcgi_send(int fd, uint16_t id, const void *content, uint16_t length, int ends, size_t sent) {
    FCGI_Header header;
    struct {
        FCGI_Header output;
        FCGI_EndRequestRecord end;
    } last = {0};
    cfcgi_header(&header, FCGI_STDOUT, id, length);
    cfcgi_header(&last.output, FCGI_STDOUT, id, 0);
    cfcgi_header(&last.end.header, FCGI_END_REQUEST, id, sizeof last.end.body);
    last.end.body.protocolStatus = FCGI_REQUEST_COMPLETE;
    struct iovec parts[3] = {
        {&header, length > 0 ? sizeof header : 0}, {(void *)content, length}, {&last, ends ? sizeof last : 0}};
    for (int i = 0; i < 3; i++) {
        size_t passed = sent < parts[i].iov_len ? sent : parts[i].iov_len;
        parts[i].iov_base = (char *)parts[i].iov_base + passed;
        parts[i].iov_len -= passed;
        sent -= passed;
    }
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* How many bytes cfcgi_send has to send in all. */
static inline size_t cfcgi_size(uint16_t length, int ends) {
    return (length > 0 ? sizeof(FCGI_Header) + length : 0) +
           (ends ? sizeof(FCGI_Header) + sizeof(FCGI_EndRequestRecord) : 0);
}

/* Takes what is there to read; never waits. As recv(2). */
static inline ssize_t cfcgi_receive(int fd, void *buffer, size_t size) { return recv(fd, buffer, size, MSG_DONTWAIT); }

static inline int cfcgi_signalfd(const sigset_t *signals) { return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK); }

/* The next pending signal of a signalfd, or 0 if there is none. */
static inline int cfcgi_next_signal(int fd) {
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

/* Asks the kernel to send `signal` when the thread that started this process ends. */
static inline int cfcgi_signal_when_parent_ends(int signal) { return prctl(PR_SET_PDEATHSIG, (unsigned long)signal); }

/* A file in `directory` that has no name and goes with its last descriptor (O_TMPFILE, open(2)). -1 and errno on
   failure. */
static inline int cfcgi_unnamed_file(const char *directory) {
    return open(directory, 020000000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0600);
}

/* Close-on-exec; grows as it is written to, and is on no disk. */
static inline int cfcgi_memory_file(const char *name) { return memfd_create(name, 1U /* MFD_CLOEXEC */); }

/* A pipe that no child process inherits. -1 and errno on failure. */
static inline int cfcgi_pipe(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}
