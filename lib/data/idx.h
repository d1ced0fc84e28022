/* IDX files of bytes, the form in which MNIST is published: two zero bytes, the type (8: unsigned
 * byte), the number of dimensions, each dimension as a big-endian 32-bit number, the bytes.
 * Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", section on file
 * formats. */
#ifndef DATA_IDX_H
#define DATA_IDX_H

#include "data/dataset.h"

#include <stddef.h>
#include <stdint.h>

enum { IDX_MOST_RANK = 4 };

typedef struct Idx {
    int rank;
    size_t size[IDX_MOST_RANK];
    size_t count;   /* product of the sizes; at most 2^30 */
    uint8_t *value; /* [size], row-major; freed by idx_free */
} Idx;

/* Reads a file of that rank, plain or gzipped. mend: how to get a good one, the end of every error
 * line. Refuses a file that is not there, is of another type or rank, claims no example or more
 * than 1 GiB, ends early or goes on after its last byte. */
Idx idx_read(const char *path, int rank, const char *mend);
void idx_free(Idx *idx);

/* The four files of MNIST in a folder: 55,000 to train, 5,000 to validate (the last of the training
 * file), the test file; labels 0 .. 9. name: "mnist" (grey) or "mnist-binary". sums: SHA-256 of
 * train images, train labels, test images, test labels, or NULL not to look. Refuses files that are
 * missing, of another sum, or that do not fit together, with the command that fetches them. */
Dataset *mnist_read(const char *folder, const char *name, const char *const *sums);

#endif
