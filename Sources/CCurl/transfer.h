// Shared by the files of this target only.
#pragma once
#define _GNU_SOURCE
#include "CCurl.h"
#include <curl/curl.h>
#include <stdatomic.h>
#include <stdint.h>

// A socket that libcurl wants to be told about.
typedef struct casc_socket {
    int fd;
    int is_removed;
    struct casc_socket *next; // of those that are removed
} casc_socket;

struct casc_transfer {
    casc_client *client;
    // One for the caller, one until its end.
    atomic_int references;

    // What follows is touched on the loop only, once the transfer is made.
    CURL *easy;
    casc_transfer *previous, *next; // of all running ones
    struct curl_slist *headers;
    char *url, *method, *proxy, *ca_file, *body;
    size_t body_length;
    // Set once the request may have begun to leave: libcurl's own count of a reused handle may be of the one before.
    int is_sent;
    int sent_count; // how often libcurl began to send the request
    long long sent_at; // when it did first
    int has_body, is_head_done, is_paused, is_cancelled, is_over;
    long connect_ms, first_byte_ms, idle_ms, total_ms;
    long long deadline; // milliseconds of the monotonic clock, 0: none
    int deadline_result; // what missing it means
    char *head;
    size_t head_length, head_capacity;
    int is_too_large;
    char error[CURL_ERROR_SIZE];
    casc_callbacks callbacks;
    void *context;
};

struct casc_client {
    CURLM *multi;
    int epoll;
    long long timer; // when curl wants to be called, -1: never
    long long next_tick; // when deadlines are looked at
    casc_transfer *running;
    CURL *spare[512];
    int spare_count;
    casc_socket *removed;
    void (*settled)(void);
};

long long casc_now(void);
// Sets the options of a new easy handle that are the same for all transfers. 0 on success.
int casc_prepare(casc_transfer *);
// Sets the others, because a handle that is used again keeps what it was told. 0 on success.
int casc_configure(casc_transfer *);
// Takes back every pointer into a transfer from a handle that outlives it.
void casc_forget(CURL *);
// What libcurl's code means for a transfer that used `proxy` or not and had sent something or not.
int casc_result(CURLcode, int used_proxy, int sent);
