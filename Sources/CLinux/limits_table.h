#pragma once

#include <pthread.h>
#include <stdint.h>

/*
 * What stands in the limits' table, a file that all workers map. LimitsTable.swift says where, and who may touch it.
 */

enum { limits_table_subjects = 8, limits_table_ring = 16 };

/* What a subject has used and has reserved. All zero but for the digest when it is new. */
struct limits_table_record {
    uint64_t digest;
    /* The period that the sums below are of; 0 before the first. */
    int32_t day, month;
    int64_t day_tokens, month_tokens, month_nano;
    int64_t reserved_tokens, reserved_nano;
    int32_t running;
    /* The newest 4 s of the rings, which hold that and the 15 before. */
    uint32_t tick;
    uint32_t requests[limits_table_ring];
    uint32_t tokens[limits_table_ring];
};

/*
 * Whose call a hold is of, as the ledger's row of it would say. Texts end with a NUL; one that does not fit is empty.
 */
struct limits_table_call {
    /* The numbers of the user, and of the client that owns it; 0 where there is none. */
    int64_t user, client;
    /* The digest of the group that pays; 0 for none. */
    uint64_t group;
    /* 1 for /api/chat, 2 for the OpenAI API; 3 for what the same call holds of the account in `name`; 0: not known. */
    uint32_t kind;
    char currency[12];
    char request[48];
    char key[24];
    /* The model, or the account. */
    char name[64];
};

/* What a running call has reserved. */
struct limits_table_hold {
    /* How many subjects there are; 0 where the place is free. */
    uint32_t count;
    /* The process it belongs to. */
    uint32_t column;
    uint32_t records[limits_table_subjects];
    int64_t tokens, nano;
    /* By which the ledger's rows of the call are known; 0 where there can be none. */
    uint64_t call;
    int32_t day, month;
    uint32_t tick;
    /* The free place after this one and 1; 0 for the last. */
    uint32_t next;
    struct limits_table_call origin;
};

/* What is overwritten by one change, as it was before. */
struct limits_table_undo {
    uint32_t count, hold, column, column_holds, free_hold, hold_count;
    uint32_t records[limits_table_subjects];
    struct limits_table_record before[limits_table_subjects];
    struct limits_table_hold hold_before;
};

struct limits_table_head {
    /* Names the layout of all that follows. */
    uint64_t magic;
    /* The boot in which the numbers hold. */
    uint64_t boot;
    /* 1 once the mutex is made. */
    uint32_t is_ready;
    /* 1 while a change is being made; then `undo` puts back what was. */
    uint32_t is_dirty;
    /* Columns from this on were never used. */
    uint32_t columns;
    /* How many segments the file has. */
    uint32_t segments;
    /* The first segment of the index, times 256, and the binary logarithm of how many places that has. */
    uint64_t index;
    uint32_t record_count, record_segments, hold_count, hold_segments;
    /* The first free place among the holds and 1; 0 where all up to `hold_count` are taken. */
    uint32_t free_hold;
    uint32_t padding;
    struct limits_table_undo undo;
    /* Robust, and shared between processes; guards everything else. */
    pthread_mutex_t mutex;
};

/* Sets a mark that a process may die behind: what stands before it in the program is written before it. */
static inline void limits_table_mark(uint32_t *_Nonnull mark, uint32_t value) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(mark, value, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* The same of eight bytes. */
static inline void limits_table_mark64(uint64_t *_Nonnull mark, uint64_t value) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(mark, value, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline uint32_t *_Nonnull limits_table_requests(struct limits_table_record *_Nonnull record) { return record->requests; }
static inline uint32_t *_Nonnull limits_table_tokens(struct limits_table_record *_Nonnull record) { return record->tokens; }
static inline uint32_t *_Nonnull limits_table_records(struct limits_table_hold *_Nonnull hold) { return hold->records; }
static inline uint32_t *_Nonnull limits_table_undone(struct limits_table_undo *_Nonnull undo) { return undo->records; }
static inline struct limits_table_record *_Nonnull limits_table_before(struct limits_table_undo *_Nonnull undo) { return undo->before; }

_Static_assert(sizeof(struct limits_table_record) == 192, "the layout changed");
_Static_assert(sizeof(struct limits_table_hold) == 256, "the layout changed");
_Static_assert(sizeof(struct limits_table_head) <= 4096, "the head grew");
