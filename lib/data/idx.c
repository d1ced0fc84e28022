#include "data/idx.h"

#include "support/fail.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { UNSIGNED_BYTE = 8, FIRST_CHUNK = 1 << 20, HEADER = 4, SIZE_BYTES = 4 };

static const size_t MOST_BYTES = (size_t)1 << 30;

/* A file while it is read: what the error lines need. */
typedef struct Reader {
    gzFile file;
    const char *path, *mend;
} Reader;

/* Up to n bytes; fewer only at the end of the file. gzread takes plain files as they are. */
static size_t read_bytes(const Reader *reader, uint8_t *out, size_t n)
{
    int got = gzread(reader->file, out, (unsigned)n);
    if (got >= 0)
        return (size_t)got;
    int code = 0;
    const char *reason = gzerror(reader->file, &code);
    refuse("%s: can't be read: %s. %s", reader->path, code == Z_ERRNO ? strerror(errno) : reason,
           reader->mend);
}

static size_t read_size(const Reader *reader)
{
    uint8_t b[SIZE_BYTES];
    if (read_bytes(reader, b, SIZE_BYTES) != SIZE_BYTES)
        refuse("%s: cut short within its header. %s", reader->path, reader->mend);
    return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

static void read_header(const Reader *reader, int rank, Idx *idx)
{
    uint8_t magic[HEADER];
    if (read_bytes(reader, magic, HEADER) != HEADER)
        refuse("%s: cut short within its header. %s", reader->path, reader->mend);
    if (magic[0] != 0 || magic[1] != 0 || magic[2] != UNSIGNED_BYTE || magic[3] != rank)
        refuse(
            "%s: begins with %02x %02x %02x %02x; an IDX file of bytes with %d dimensions begins "
            "with 00 00 08 %02x. %s",
            reader->path, magic[0], magic[1], magic[2], magic[3], rank, rank, reader->mend);
    idx->rank = rank;
    idx->count = 1;
    for (int i = 0; i < rank; i++) {
        idx->size[i] = read_size(reader);
        if (idx->size[i] == 0)
            refuse("%s: its dimension %d is 0. %s", reader->path, i, reader->mend);
        if (idx->count > MOST_BYTES / idx->size[i])
            refuse("%s: claims more than the 1 GiB that is read here (its dimension %d is %zu). %s",
                   reader->path, i, idx->size[i], reader->mend);
        idx->count *= idx->size[i];
    }
}

/* The room grows with what is there, so that a false size in a short file costs nothing. */
static void read_values(const Reader *reader, Idx *idx)
{
    size_t room = 0;
    size_t used = 0;
    while (used < idx->count) {
        if (used == room) {
            room = room == 0 ? FIRST_CHUNK : 2 * room;
            room = room < idx->count ? room : idx->count;
            uint8_t *longer = realloc(idx->value, room);
            if (longer == NULL)
                refuse("%s: no memory for %zu bytes; close other programs", reader->path, room);
            idx->value = longer;
        }
        size_t got = read_bytes(reader, idx->value + used, room - used);
        if (got == 0)
            refuse("%s: cut short: %zu bytes of the %zu that its header claims. %s", reader->path,
                   used, idx->count, reader->mend);
        used += got;
    }
    uint8_t more;
    if (read_bytes(reader, &more, 1) != 0)
        refuse("%s: goes on after the %zu bytes that its header claims. %s", reader->path,
               idx->count, reader->mend);
}

Idx idx_read(const char *path, int rank, const char *mend)
{
    if (rank < 1 || rank > IDX_MOST_RANK)
        fail("idx_read: rank %d is not from 1 to %d", rank, IDX_MOST_RANK);
    Reader reader = {gzopen(path, "rb"), path, mend};
    if (reader.file == NULL)
        refuse("%s: %s. %s", path, errno == ENOENT ? "not found" : strerror(errno), mend);
    Idx idx = {0};
    read_header(&reader, rank, &idx);
    read_values(&reader, &idx);
    gzclose(reader.file);
    return idx;
}

void idx_free(Idx *idx)
{
    free(idx->value);
    idx->value = NULL;
}
