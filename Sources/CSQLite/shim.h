#pragma once

#include <sqlite3.h>

// SQLite copies what is bound before the call returns; Swift cannot cast -1 to a function.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int place, const char *text, int count) {
    return sqlite3_bind_text(statement, place, text, count, SQLITE_TRANSIENT);
}
