// HTTP transfers on one libcurl multi handle, driven by a loop of the caller's.
//
// libcurl's own interface is variadic macros, which Swift cannot call. All functions but casc_start and casc_release,
// which any thread may call, run on the loop, and so does every callback, which must not block and may call
// casc_release only.
#pragma once
#include <stddef.h>

typedef struct casc_client casc_client;
typedef struct casc_transfer casc_transfer;

// How a transfer ended.
enum {
    CASC_OK = 0,
    CASC_CANCELLED,
    CASC_INVALID_URL,
    CASC_RESOLVE,
    CASC_CONNECT,
    CASC_PROXY,
    CASC_TLS,
    CASC_TIMEOUT_CONNECT,
    CASC_TIMEOUT_FIRST_BYTE,
    CASC_TIMEOUT_IDLE,
    CASC_TIMEOUT_TOTAL,
    CASC_RESET,
    CASC_TRUNCATED,
    CASC_TOO_LARGE,
    CASC_PROTOCOL,
};

typedef struct {
    // The head of the final answer: status line and fields as they came, CRLF between them. At most once.
    void (*head)(void *context, long status, const char *head, size_t length);
    // A piece of the body. Returning 1 refuses it for now: it is delivered again after casc_resume.
    int (*body)(void *context, const void *bytes, size_t length);
    // The end, exactly once and last. `detail` is libcurl's phrase, valid during the call. `sent` tells whether any
    // byte of the request may have reached the server.
    void (*done)(void *context, int result, const char *detail, int sent);
} casc_callbacks;

typedef struct {
    const char *url;
    const char *method;
    // NULL: a direct connection. Otherwise socks5://, socks5h:// or http://, user and password allowed.
    const char *proxy;
    // NULL: the system's certificates.
    const char *ca_file;
    const char *const *headers;
    size_t header_count;
    const void *body;
    size_t body_length;
    int has_body;
    // Milliseconds; 0 is no limit, but for connect_ms, where it is libcurl's own of 300 s.
    long connect_ms, first_byte_ms, idle_ms, total_ms;
} casc_request;

// NULL if the system refuses a resource. A client lives as long as the process. `settled` runs after each round of
// callbacks, so that they need not wake anybody one by one.
casc_client *casc_client_new(long max_idle_connections, void (*settled)(void));

// Readable when casc_act has something to do.
int casc_descriptor(const casc_client *);
// After how many milliseconds casc_act has something to do even if that is not readable; -1: never.
int casc_pause(const casc_client *);
// Does it.
void casc_act(casc_client *, int is_readable);

// Copies the request. NULL without memory; then no callback runs.
casc_transfer *casc_start(casc_client *, const casc_request *, const casc_callbacks *, void *context);
// Sends it. To be called once for each transfer.
void casc_begin(casc_transfer *);
// Delivers a refused piece again.
void casc_resume(casc_transfer *);
// Closes the connection, or keeps it from being made; `done` follows with CASC_CANCELLED unless the transfer is over.
void casc_cancel(casc_transfer *);
// Gives up the caller's reference. A running transfer runs on.
void casc_release(casc_transfer *);
