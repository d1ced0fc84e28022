/* NumPy's array files, so that numpy.load reads what the laboratory writes and the other way round.
 * Source: NumPy's manual, "numpy.lib.format", NPY format versions 1.0 to 3.0. */
#ifndef SUPPORT_NPY_H
#define SUPPORT_NPY_H

#include <stddef.h>

enum { NPY_MOST_RANK = 8 };

/* '<f4', '<f8', '<i4', '<i8', '|u1': little-endian, as every machine this is built for stores them.
 */
typedef enum NpyType { NPY_FLOAT32, NPY_FLOAT64, NPY_INT32, NPY_INT64, NPY_UINT8 } NpyType;

typedef struct Npy {
    NpyType type;
    int rank; /* 0: a single number */
    long shape[NPY_MOST_RANK];
    size_t count; /* product of shape; may be 0 */
    void *data;   /* [shape], row-major, aligned to 64 bytes; freed by npy_free */
} Npy;

/* Writes data [shape], row-major, as format 1.0. NULL, or the reason (static text) as file_write
 * has it. A rank above NPY_MOST_RANK or a negative size is a programmer's mistake. */
const char *npy_write(const char *path, NpyType type, const void *data, int rank,
                      const long *shape);

/* Reads a file of one of the types above in C order, versions 1.0 to 3.0. Everything else, and
 * whatever is damaged, is refused with one line that says how to save it again. */
Npy *npy_read(const char *path);

/* The same from memory, which the caller keeps. NULL after setting *reason (static text). */
Npy *npy_decode(const void *file, size_t bytes, const char **reason);

void npy_free(Npy *npy);

/* Element i in row-major order, whatever the type; i at or beyond count is a programmer's mistake.
 * Integers beyond 2^53 are rounded. */
double npy_number(const Npy *npy, size_t i);

#endif
