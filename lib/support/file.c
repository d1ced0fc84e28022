#include "support/file.h"

#include "support/fail.h"
#include "support/memory.h"
#include "support/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What errno means, as text that lives as long as the program. */
static const char *error_text(int error)
{
    if (error == ENOENT)
        return "not found";
    if (error == EISDIR)
        return "it is a folder, not a file";
    const char *text = strerrordesc_np(error);
    return text != NULL ? text : "an error the system has no name for";
}

bool file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

void file_make_folder(const char *path)
{
    char *part = memory_text(path);
    for (char *end = part; *end != '\0';) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        char rest = *end;
        *end = '\0';
        int error = *part != '\0' && mkdir(part, 0777) != 0 ? errno : 0;
        /* A parent may forbid writing, or be on a read-only disk, and still be there. */
        if (error != 0 && !file_is_folder(part)) {
            if (error == EEXIST)
                refuse("%s: a file of that name is in the way; move it, or choose another folder",
                       part);
            refuse("%s: can't make the folder (%s); choose another place, or free this one", part,
                   error_text(error));
        }
        *end = rest;
    }
    free(part);
}

/* A buffer of twice the room with the same first bytes; frees the old one. */
static char *buffer_grow(char *buffer, size_t used, size_t *room)
{
    size_t larger_room = 2 * *room + 4096;
    char *larger = memory_new(larger_room, 1);
    memcpy(larger, buffer, used);
    free(buffer);
    *room = larger_room;
    return larger;
}

/* Reads to the end. What is read may have no size in advance (a pipe), or a changing one, so the
 * size that the system states is only where the buffer begins: one byte for the end of the file to
 * show, one zero. */
static const char *read_to_end(int file, size_t stated, char **data, size_t *bytes)
{
    size_t room = stated + 2;
    char *buffer = memory_new(room, 1);
    size_t used = 0;
    for (;;) {
        if (used + 1 == room)
            buffer = buffer_grow(buffer, used, &room);
        ssize_t got = read(file, buffer + used, room - 1 - used);
        if (got == 0)
            break;
        if (got > 0) {
            used += (size_t)got;
        } else if (errno != EINTR) {
            int error = errno;
            free(buffer);
            return error_text(error);
        }
    }
    buffer[used] = '\0';
    *data = buffer;
    *bytes = used;
    return NULL;
}

const char *file_try_read(const char *path, char **data, size_t *bytes)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return error_text(errno);
    struct stat status;
    const char *reason = NULL;
    if (fstat(file, &status) != 0)
        reason = error_text(errno);
    else if (S_ISDIR(status.st_mode))
        reason = error_text(EISDIR);
    else
        reason = read_to_end(file, (size_t)status.st_size, data, bytes);
    close(file);
    return reason;
}

char *file_read(const char *path, size_t *bytes)
{
    char *data = NULL;
    const char *reason = file_try_read(path, &data, bytes);
    if (reason != NULL)
        refuse("%s: can't be read (%s); check the path and its permissions", path, reason);
    return data;
}

static const char *write_all(int file, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t put = write(file, data, bytes);
        if (put < 0 && errno != EINTR)
            return error_text(errno);
        if (put > 0) {
            data += put;
            bytes -= (size_t)put;
        }
    }
    return NULL;
}

/* The rename itself must reach the disk. File systems that can't sync a folder say EINVAL: nothing
 * more can be done there. */
static const char *folder_sync(const char *path)
{
    char *folder = memory_text(path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    int file = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *reason = NULL;
    if (file < 0 || (fsync(file) != 0 && errno != EINVAL))
        reason = error_text(errno);
    if (file >= 0)
        close(file);
    free(folder);
    return reason;
}

static void stage_reach(FileStage at, int stage, void *context)
{
    if (at != NULL)
        at(stage, context);
}

/* Everything up to the rename, into the file at part. */
static const char *part_write(const char *part, const char *data, size_t bytes, FileStage at,
                              void *context)
{
    int file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        return errno == ENOENT ? "its folder is not there" : error_text(errno);
    stage_reach(at, 0, context);
    const char *reason = write_all(file, data, bytes / 2);
    if (reason == NULL) {
        stage_reach(at, 1, context);
        reason = write_all(file, data + bytes / 2, bytes - bytes / 2);
    }
    if (reason == NULL && fsync(file) != 0)
        reason = error_text(errno);
    if (close(file) != 0 && reason == NULL)
        reason = error_text(errno);
    if (reason == NULL)
        stage_reach(at, 2, context);
    return reason;
}

const char *file_write_staged(const char *path, const void *data, size_t bytes, FileStage at,
                              void *context)
{
    char *part = memory_format("%s.part", path);
    const char *reason = part_write(part, data, bytes, at, context);
    if (reason == NULL && rename(part, path) != 0)
        reason = error_text(errno);
    if (reason != NULL) {
        unlink(part);
    } else {
        stage_reach(at, 3, context);
        reason = folder_sync(path);
    }
    free(part);
    return reason;
}

const char *file_write(const char *path, const void *data, size_t bytes)
{
    return file_write_staged(path, data, bytes, NULL, NULL);
}

cJSON *file_read_json(const char *path)
{
    size_t bytes = 0;
    char *text = file_read(path, &bytes);
    const char *end = text;
    cJSON *json = cJSON_ParseWithLengthOpts(text, bytes + 1, &end, true);
    if (json == NULL) {
        int line = 1;
        int column = 1;
        for (const char *c = text; c < end; c++) {
            column = *c == '\n' ? 1 : column + 1;
            line += *c == '\n';
        }
        refuse(
            "%s: not JSON from line %d, column %d on; mend it there, or delete the file and make "
            "it again",
            path, line, column);
    }
    free(text);
    return json;
}

double file_json_number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

const char *file_write_json(const char *path, const cJSON *json)
{
    char *text = cJSON_Print(json);
    if (text == NULL)
        fail("file_write_json: %s: the value can't be printed as JSON", path);
    size_t length = strlen(text);
    text[length] = '\n'; /* in place of the zero byte: the length is known */
    const char *reason = file_write(path, text, length + 1);
    cJSON_free(text);
    return reason;
}

bool file_sha256(const char *path, char sum[65])
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    Sha256 sha = sha256_begin();
    char chunk[16384];
    ssize_t got;
    while ((got = read(file, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR))
        sha256_add(&sha, chunk, got > 0 ? (size_t)got : 0);
    close(file);
    if (got < 0)
        return false;
    sha256_end(&sha, sum);
    return true;
}
