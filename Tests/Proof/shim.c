// System calls that fail as a plan says, for a program that is started with this in LD_PRELOAD.
//
// PROOF_PLAN names a file with a `struct plan`, which the test maps and changes while the program runs.
// PROOF_BOOT_ID names a file that is read in place of the kernel's boot id, to show another boot.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum call { OPEN, WRITE, FSYNC, FDATASYNC, RENAME, FTRUNCATE, UNLINK, MKDIR, PREAD, PWRITE, CALLS };

struct plan {
    _Atomic int armed;   // 0: nothing fails
    _Atomic int call;    // which of `enum call`
    _Atomic int error;   // errno; 0: a write of half the bytes
    _Atomic int skip;    // calls that go well first
    _Atomic int times;   // calls that fail then
    _Atomic int hits;    // calls that failed
    _Atomic int seen[CALLS];
    char folder[256];    // only files below it
};

static struct plan *plan;
static const char *boot_id;

__attribute__((constructor)) static void begin(void) {
    boot_id = getenv("PROOF_BOOT_ID");
    const char *path = getenv("PROOF_PLAN");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *place = mmap(NULL, sizeof(struct plan), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (place != MAP_FAILED) plan = place;
    close(file);
}

// Whether this call is to fail; then errno is set, or 0 for a short write.
static int fails(enum call call, const char *path, int file) {
    if (!plan || !atomic_load(&plan->armed)) return 0;
    char link[64], target[4096];
    if (!path) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t length = readlink(link, target, sizeof target - 1);
        if (length < 0) return 0;
        target[length] = 0;
        path = target;
    }
    if (strncmp(path, plan->folder, strlen(plan->folder)) != 0) return 0;
    atomic_fetch_add(&plan->seen[call], 1);
    if (atomic_load(&plan->call) != (int)call || atomic_fetch_sub(&plan->skip, 1) > 0) return 0;
    if (atomic_fetch_sub(&plan->times, 1) <= 0) return 0;
    atomic_fetch_add(&plan->hits, 1);
    errno = atomic_load(&plan->error);
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    if (boot_id && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) path = boot_id;
    return fails(OPEN, path, -1) ? -1 : real(path, flags, mode);
}

ssize_t write(int file, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = REAL(write);
    if (!fails(WRITE, NULL, file)) return real(file, bytes, count);
    if (errno) return -1;
    return real(file, bytes, count > 1 ? count / 2 : count);
}

ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
    static ssize_t (*real)(int, void *, size_t, off_t);
    if (!real) real = REAL(pread);
    return fails(PREAD, NULL, file) ? -1 : real(file, bytes, count, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = REAL(pwrite);
    if (!fails(PWRITE, NULL, file)) return real(file, bytes, count, offset);
    if (errno) return -1;
    return real(file, bytes, count > 1 ? count / 2 : count, offset);
}

int fsync(int file) {
    static int (*real)(int);
    if (!real) real = REAL(fsync);
    return fails(FSYNC, NULL, file) ? -1 : real(file);
}

int fdatasync(int file) {
    static int (*real)(int);
    if (!real) real = REAL(fdatasync);
    return fails(FDATASYNC, NULL, file) ? -1 : real(file);
}

int ftruncate(int file, off_t size) {
    static int (*real)(int, off_t);
    if (!real) real = REAL(ftruncate);
    return fails(FTRUNCATE, NULL, file) ? -1 : real(file, size);
}

int rename(const char *from, const char *to) {
    static int (*real)(const char *, const char *);
    if (!real) real = REAL(rename);
    return fails(RENAME, to, -1) ? -1 : real(from, to);
}

int unlink(const char *path) {
    static int (*real)(const char *);
    if (!real) real = REAL(unlink);
    return fails(UNLINK, path, -1) ? -1 : real(path);
}

int mkdir(const char *path, mode_t mode) {
    static int (*real)(const char *, mode_t);
    if (!real) real = REAL(mkdir);
    return fails(MKDIR, path, -1) ? -1 : real(path, mode);
}
