/* Files: whole reads, writes that are either complete or not there, folders. Every failure prints
 * one line with the path, the reason and a mend, and exits 1, unless said otherwise. */
#ifndef SUPPORT_FILE_H
#define SUPPORT_FILE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

bool file_exists(const char *path);
bool file_is_folder(const char *path);

/* Makes the folder and its parents (mkdir -p). */
void file_make_folder(const char *path);

/* The whole file, with a zero byte behind it that *bytes does not count. Free with free(). */
char *file_read(const char *path, size_t *bytes);

/* The same for a caller who can go on without the file: NULL, or the reason (static text); *data
 * and *bytes are set only on success. */
const char *file_try_read(const char *path, char **data, size_t *bytes);

/* Written aside to PATH.part, fsync, rename, fsync of the folder: a reader sees the old file or the
 * new one, also after a crash or on a full disk. Returns NULL, or the reason (static text) after
 * removing the part: the caller decides whether that ends the run. */
const char *file_write(const char *path, const void *data, size_t bytes);

/* Called by file_write between its stages (0 before the write, 1 half written, 2 before the rename,
 * 3 after it) when not NULL: the tests kill the process there. */
typedef void (*FileStage)(int stage, void *context);
const char *file_write_staged(const char *path, const void *data, size_t bytes, FileStage at,
                              void *context);

/* JSON through cJSON; a file that does not parse is named with the position of the mistake. */
cJSON *file_read_json(const char *path);
/* A number of a JSON object; NaN where it has none of that name, or null. */
double file_json_number(const cJSON *object, const char *name);
const char *file_write_json(const char *path, const cJSON *json);

/* SHA-256 of a file as 64 hexadecimal digits and a zero byte; false when it can't be read. */
bool file_sha256(const char *path, char sum[65]);

#endif
