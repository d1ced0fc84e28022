#include "support/npy.h"

#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "npy.c copies numbers as they lie in memory and needs a little-endian machine"
#endif

enum { MAGIC_BYTES = 6, PREFIX_1 = 10, PREFIX_2 = 12, HEADER_ALIGNMENT = 64 };

static const char MAGIC[MAGIC_BYTES] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

typedef struct TypeRow {
    const char *descr;
    size_t size; /* bytes */
} TypeRow;

static const TypeRow TYPE[] = {[NPY_FLOAT32] = {"<f4", 4},
                               [NPY_FLOAT64] = {"<f8", 8},
                               [NPY_INT32] = {"<i4", 4},
                               [NPY_INT64] = {"<i8", 8},
                               [NPY_UINT8] = {"|u1", 1}};

enum { TYPES = sizeof TYPE / sizeof TYPE[0] };

/* Number of elements, or false when their bytes do not fit into an address. */
static bool shape_count(const long *shape, int rank, size_t size, size_t *count)
{
    *count = 1;
    bool fits = true;
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        if (shape[i] == 0)
            empty = true;
        else if (*count > (size_t)PTRDIFF_MAX / size / (size_t)shape[i])
            fits = false;
        else
            *count *= (size_t)shape[i];
    }
    if (empty)
        *count = 0;
    return fits || empty;
}

/* The header of format 1.0: a Python dictionary in ASCII, filled up with blanks so that the data
 * begin at a multiple of 64, and ended by a newline. Returns prefix and header; free with free().
 */
static char *header_make(NpyType type, int rank, const long *shape, size_t *bytes)
{
    char *sizes = memory_text("");
    for (int i = 0; i < rank; i++) {
        char *longer = memory_format(i == 0 ? "%s%ld," : "%s %ld,", sizes, shape[i]);
        free(sizes);
        sizes = longer;
    }
    /* Only a tuple of one ends with a comma. */
    if (rank > 1)
        sizes[strlen(sizes) - 1] = '\0';
    char *text = memory_format("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                               TYPE[type].descr, sizes);
    free(sizes);
    size_t length = strlen(text);
    *bytes = (PREFIX_1 + length + 1 + HEADER_ALIGNMENT - 1) / HEADER_ALIGNMENT * HEADER_ALIGNMENT;
    char *header = memory_new(*bytes, 1);
    memset(header, ' ', *bytes);
    memcpy(header, MAGIC, MAGIC_BYTES);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)((*bytes - PREFIX_1) & 0xff);
    header[9] = (char)((*bytes - PREFIX_1) >> 8);
    memcpy(header + PREFIX_1, text, length);
    header[*bytes - 1] = '\n';
    free(text);
    return header;
}

const char *npy_write(const char *path, NpyType type, const void *data, int rank, const long *shape)
{
    if (rank < 0 || rank > NPY_MOST_RANK)
        fail("npy_write: %s: rank %d is not from 0 to %d", path, rank, NPY_MOST_RANK);
    for (int i = 0; i < rank; i++)
        if (shape[i] < 0)
            fail("npy_write: %s: size %d is %ld; sizes are 0 or more", path, i, shape[i]);
    size_t count = 0;
    if (!shape_count(shape, rank, TYPE[type].size, &count))
        fail("npy_write: %s: the product of its sizes does not fit into an address", path);
    size_t header_bytes = 0;
    char *header = header_make(type, rank, shape, &header_bytes);
    size_t data_bytes = count * TYPE[type].size;
    char *file = memory_new(header_bytes + data_bytes, 1);
    memcpy(file, header, header_bytes);
    if (data_bytes > 0)
        memcpy(file + header_bytes, data, data_bytes);
    const char *reason = file_write(path, file, header_bytes + data_bytes);
    free(file);
    free(header);
    return reason;
}

/* The dictionary of the header while it is read. text ends with a zero byte. */
typedef struct Parser {
    const char *next;
    Npy *npy;
    bool has_descr, has_order, has_shape;
} Parser;

static bool parse_sign(Parser *parser, char sign)
{
    parser->next += strspn(parser->next, " \t");
    if (*parser->next != sign)
        return false;
    parser->next++;
    return true;
}

static bool parse_word(Parser *parser, const char *word)
{
    parser->next += strspn(parser->next, " \t");
    if (strncmp(parser->next, word, strlen(word)) != 0)
        return false;
    parser->next += strlen(word);
    return true;
}

/* A short text in either kind of quotes; no text that a header needs holds a backslash. */
static bool parse_text(Parser *parser, char text[16])
{
    parser->next += strspn(parser->next, " \t");
    char quote = *parser->next;
    if (quote != '\'' && quote != '"')
        return false;
    const char *begin = parser->next + 1;
    const char *end = strchr(begin, quote);
    if (end == NULL || end - begin > 15)
        return false;
    memcpy(text, begin, (size_t)(end - begin));
    text[end - begin] = '\0';
    parser->next = end + 1;
    return true;
}

static const char *parse_descr(Parser *parser)
{
    static const char *const mend = "its numbers are of no type that is read here (float32, "
                                    "float64, int32, int64, uint8, little-endian)";
    char text[16];
    if (!parse_text(parser, text))
        return mend;
    for (int type = 0; type < TYPES; type++) {
        if (strcmp(text, TYPE[type].descr) == 0) {
            parser->npy->type = (NpyType)type;
            return NULL;
        }
    }
    return mend;
}

static const char *parse_order(Parser *parser)
{
    if (parse_word(parser, "False"))
        return NULL;
    if (parse_word(parser, "True"))
        return "it is stored column by column (fortran_order)";
    return "its fortran_order is neither True nor False";
}

static const char *parse_shape(Parser *parser)
{
    Npy *npy = parser->npy;
    bool comma = false;
    if (!parse_sign(parser, '('))
        return "its shape is not a tuple";
    while (!parse_sign(parser, ')')) {
        size_t digits = strspn(parser->next, "0123456789");
        if (npy->rank > 0 && !comma)
            return "its shape is not a tuple of whole numbers";
        if (npy->rank == NPY_MOST_RANK)
            return "its shape has more than 8 dimensions";
        if (digits == 0 || digits > 18)
            return "its shape is not a tuple of whole numbers below 10^18";
        npy->shape[npy->rank++] = strtol(parser->next, NULL, 10);
        parser->next += digits;
        comma = parse_sign(parser, ',');
    }
    /* Without a comma, (3) is a number to Python. */
    if (npy->rank == 1 && !comma)
        return "its shape is not a tuple";
    return NULL;
}

static const char *parse_member(Parser *parser)
{
    char key[16];
    if (!parse_text(parser, key) || !parse_sign(parser, ':'))
        return "its header is not a dictionary";
    bool *has = strcmp(key, "descr") == 0           ? &parser->has_descr
                : strcmp(key, "fortran_order") == 0 ? &parser->has_order
                : strcmp(key, "shape") == 0         ? &parser->has_shape
                                                    : NULL;
    if (has == NULL)
        return "its header has a key other than descr, fortran_order and shape";
    if (*has)
        return "its header has a key twice";
    *has = true;
    if (has == &parser->has_descr)
        return parse_descr(parser);
    return has == &parser->has_order ? parse_order(parser) : parse_shape(parser);
}

/* text: the header alone, with a zero byte behind it. */
static const char *header_parse(Npy *npy, const char *text)
{
    Parser parser = {.next = text, .npy = npy};
    bool more = true;
    if (!parse_sign(&parser, '{'))
        return "its header is not a dictionary";
    while (!parse_sign(&parser, '}')) {
        const char *reason = more ? parse_member(&parser) : "its header is not a dictionary";
        if (reason != NULL)
            return reason;
        more = parse_sign(&parser, ',');
    }
    if (!parser.has_descr || !parser.has_order || !parser.has_shape)
        return "its header lacks descr, fortran_order or shape";
    if (parser.next[strspn(parser.next, " \t")] != '\n' || strlen(strchr(parser.next, '\n')) != 1)
        return "its header goes on after the dictionary, or does not end with a newline";
    return NULL;
}

/* Where the header begins and how long it is. */
static const char *prefix_read(const unsigned char *file, size_t bytes, size_t *begin,
                               size_t *length)
{
    if (bytes < PREFIX_1 || memcmp(file, MAGIC, MAGIC_BYTES) != 0)
        return "it does not begin with NumPy's magic bytes";
    int major = file[6];
    if (major < 1 || major > 3 || file[7] != 0)
        return "its format version is none of 1.0, 2.0 and 3.0";
    *begin = major == 1 ? PREFIX_1 : PREFIX_2;
    if (bytes < *begin)
        return "it ends within its header";
    *length = (size_t)file[8] | (size_t)file[9] << 8;
    if (major > 1)
        *length |= (size_t)file[10] << 16 | (size_t)file[11] << 24;
    if (*length > bytes - *begin)
        return "it ends within its header";
    if (memchr(file + *begin, 0, *length) != NULL)
        return "its header holds a zero byte";
    return NULL;
}

static const char *decode_into(Npy *npy, const unsigned char *file, size_t bytes)
{
    size_t begin = 0;
    size_t length = 0;
    const char *reason = prefix_read(file, bytes, &begin, &length);
    if (reason != NULL)
        return reason;
    char *header = memory_new(length + 1, 1);
    memcpy(header, file + begin, length);
    reason = header_parse(npy, header);
    free(header);
    if (reason != NULL)
        return reason;
    size_t size = TYPE[npy->type].size;
    if (!shape_count(npy->shape, npy->rank, size, &npy->count))
        return "the product of its sizes does not fit into an address";
    if (bytes - begin - length < npy->count * size)
        return "it ends before the last of its numbers";
    if (bytes - begin - length > npy->count * size)
        return "it goes on after the last of its numbers";
    npy->data = memory_new(npy->count, size);
    memcpy(npy->data, file + begin + length, npy->count * size);
    return NULL;
}

Npy *npy_decode(const void *file, size_t bytes, const char **reason)
{
    Npy *npy = memory_new(1, sizeof *npy);
    *reason = decode_into(npy, file, bytes);
    if (*reason == NULL)
        return npy;
    npy_free(npy);
    return NULL;
}

Npy *npy_read(const char *path)
{
    size_t bytes = 0;
    char *file = file_read(path, &bytes);
    const char *reason = NULL;
    Npy *npy = npy_decode(file, bytes, &reason);
    free(file);
    if (npy == NULL)
        refuse("%s: not an array that can be read: %s; save it again in Python with "
               "numpy.save(path, numpy.ascontiguousarray(x, dtype='<f4'))",
               path, reason);
    return npy;
}

void npy_free(Npy *npy)
{
    if (npy == NULL)
        return;
    free(npy->data);
    free(npy);
}

double npy_number(const Npy *npy, size_t i)
{
    if (i >= npy->count)
        fail("npy_number: element %zu of %zu", i, npy->count);
    switch (npy->type) {
    case NPY_FLOAT32:
        return ((const float *)npy->data)[i];
    case NPY_FLOAT64:
        return ((const double *)npy->data)[i];
    case NPY_INT32:
        return ((const int32_t *)npy->data)[i];
    case NPY_INT64:
        return (double)((const int64_t *)npy->data)[i];
    case NPY_UINT8:
        break;
    }
    return ((const uint8_t *)npy->data)[i];
}
