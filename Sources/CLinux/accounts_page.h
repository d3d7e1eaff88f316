#pragma once

#include <pthread.h>
#include <stdint.h>

/*
 * What stands in the accounts' page, a file that all workers map. AccountsPage.swift says where, and who may touch it.
 */

/* The first 16 bytes of a SHA-256; all zero is none. */
struct accounts_page_name { uint64_t high, low; };

struct accounts_page_head {
    /* Names the layout of all that follows. */
    uint64_t magic;
    /* 1 once the mutex is made. */
    uint32_t is_ready;
    /* Columns from this on were never used. */
    uint32_t columns;
    /* How many entries there are, and for how many the file has room. */
    uint32_t count, capacity;
    /* Grow with each reservation, and with each change of a health record. */
    uint64_t clock, health;
    /* Robust, and shared between processes; guards everything else. */
    pthread_mutex_t mutex;
};

struct accounts_page_round {
    struct accounts_page_name name;
    /* The account that was reserved last. */
    struct accounts_page_name last;
    uint64_t used_at;
    uint64_t padding[3];
};

/* The turns that run on the account follow, one uint16_t for each column. */
struct accounts_page_entry {
    struct accounts_page_name name;
    /* The CRC-32 of `name`, which tells an entry from other bytes. */
    uint32_t check;
    uint32_t padding;
    uint64_t requests, errors;
    /* Another number after each change of the health record; odd while that is being written. */
    uint64_t health;
    uint64_t used_at;
    uint64_t more_padding;
};

_Static_assert(sizeof(struct accounts_page_head) <= 4096, "the head grew");
_Static_assert(sizeof(struct accounts_page_round) == 64, "the layout changed");
_Static_assert(sizeof(struct accounts_page_entry) == 64, "the layout changed");
