// Tells the thread sanitizer about the contended path of Swift's Mutex; preloaded by `make tsan`.
//
// On Linux, Synchronization.Mutex is a futex. An uncontended lock or unlock is inlined into the caller, where the
// sanitizer sees its atomic operation. A contended one is done by _lockSlow and _unlockSlow inside of
// libswiftSynchronization.so, which is not instrumented: the sanitizer misses that one thread handed the mutex to
// another and reports a race between two bodies of withLock. The functions here stand in front of those two, call
// them, and say what they did: unlocking releases, locking acquires, both at the mutex's own address.
//
// Nothing else is hidden: no report is suppressed, and memory that is touched outside of the lock has no such order.
// To see it, let two threads count up a `nonisolated(unsafe) var` without a lock in a test: `make tsan` fails.
//
// The symbols are those of _MutexHandle in Swift 6 (stdlib/public/Synchronization/Mutex/LinuxImpl.swift). Under a
// library that has other ones the false reports come back; none is lost.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

// From the sanitizer's runtime; absent in programs that are not built for it.
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

SWIFT void lock_slow(uint32_t state, SELF) __asm__(LOCK_SLOW);
SWIFT void unlock_slow(SELF) __asm__(UNLOCK_SLOW);

static void *original(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) abort();
    return function;
}

SWIFT void lock_slow(uint32_t state, SELF) {
    SWIFT void (*lock)(uint32_t, SELF) = original(LOCK_SLOW);
    lock(state, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF) {
    SWIFT void (*unlock)(SELF) = original(UNLOCK_SLOW);
    if (__tsan_release) __tsan_release(self);
    unlock(self);
}
