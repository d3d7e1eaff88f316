#pragma once

/* Calls of Linux that Swift's Glibc module hides because they are GNU extensions. */

/* Makes everything durable that was written to the file system of `fd`; -1 and errno on failure (syncfs(2)). */
extern int syncfs(int fd);

/* Changes the blocks of a file; -1 and errno on failure (fallocate(2)). */
extern int fallocate(int fd, int mode, long offset, long length);
