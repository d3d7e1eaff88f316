// Shared by the files of this target only.
#pragma once
#define _GNU_SOURCE
#include "CCurl.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

// Things that other threads ask of the client's thread.
enum { ASK_START = 1, ASK_RESUME = 2, ASK_CANCEL = 4 };

// A socket that libcurl wants to be told about.
typedef struct casc_socket {
    int fd;
    uint32_t events; // that it wants
    int is_resting, is_gone;
    long long due; // of one that rests: when it is looked at again
    struct casc_socket *next; // of those that rest, or of those that are gone
} casc_socket;

struct casc_transfer {
    casc_client *client;
    // One for the caller, one while queued, one while curl has it.
    atomic_int references;

    // Guarded by the client's mutex.
    int asked, is_queued;
    casc_transfer *next_queued;

    // Only the client's thread touches what follows, once the transfer is queued.
    CURL *easy;
    casc_transfer *previous, *next; // of all running ones
    struct curl_slist *headers;
    char *url, *method, *proxy, *ca_file, *body;
    size_t body_length;
    // Set once the request may have begun to leave: libcurl's own count of a reused handle may be of the one before.
    int is_sent;
    int sent_count; // how often libcurl began to send the request
    long long sent_at; // when it did first
    int has_body, is_head_done, is_flowing, is_paused;
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
    int epoll, wake;
    long long timer; // when curl wants to be called, -1: never
    casc_transfer *running;
    CURL *spare[512];
    int spare_count;
    int flowing; // how many bodies have begun and go on
    size_t taken; // bytes of bodies from the socket that is being read
    casc_socket *first_resting, *last_resting, *gone;
    void (*settled)(void);
    pthread_mutex_t mutex;
    casc_transfer *queue_head, *queue_tail;
};

long long casc_now(void);
// Sets every option of a transfer's easy handle. 0 on success.
int casc_configure(casc_transfer *, int is_new);
// Takes back every pointer into a transfer from a handle that outlives it.
void casc_forget(CURL *);
// What libcurl's code means for a transfer that used `proxy` or not and had sent something or not.
int casc_result(CURLcode, int used_proxy, int sent);
