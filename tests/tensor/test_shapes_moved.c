/* What stops the program in the operations that move numbers. */
#include "tensor/shape_cases.h"

static void reshape(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_reshape(left, 2, (int[]){2, 4});
}

static void reshape_open(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_reshape(left, 2, (int[]){4, -1});
}

static void reshape_two_open(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_reshape(left, 2, (int[]){-1, -1});
}

static void reshape_rank(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_reshape(left, 6, (int[]){1, 1, 1, 1, 2, 3});
}

static void permute(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_permute(left, (int[]){1, 1});
}

static void permute_outside(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_permute(left, (int[]){0, 2});
}

static void concat(Tensor *left, Tensor *right)
{
    tensor_concat((Tensor *[]){left, right}, 2, 0);
}

static void concat_axis(Tensor *left, Tensor *right)
{
    tensor_concat((Tensor *[]){left, right}, 2, 2);
}

static void concat_none(Tensor *left, Tensor *right)
{
    tensor_concat((Tensor *[]){left, right}, 0, 0);
}

static void slice_empty(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_slice(left, 1, 2, 2);
}

static void slice_end(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_slice(left, 0, 1, 3);
}

static void slice_axis(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_slice(left, 2, 0, 1);
}

static void gather_index(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_gather(left, (int[]){0, 2}, 2);
}

static void gather_rank(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_gather(left, (int[]){0}, 1);
}

static void gather_nothing(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_gather(left, (int[]){0}, 0);
}

static void repeat_never(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_repeat_rows(left, 0);
}

static void repeat_rank(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_repeat_rows(left, 2);
}

static void broadcast(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_broadcast(left, 2, (int[]){1, 3});
}

static void broadcast_rank(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_broadcast(left, 3, (int[]){2, 2, 3});
}

static const ShapeCase shape_case[] = {
    {2,
     {2, 3},
     0,
     {0},
     reshape,
     "reshape: 'left' is [2, 3]; the new shape must hold as many numbers"},
    {2,
     {2, 3},
     0,
     {0},
     reshape_open,
     "reshape: 'left' is [2, 3]; the new shape must hold as many numbers"},
    {2,
     {2, 3},
     0,
     {0},
     reshape_two_open,
     "reshape: 'left' is [2, 3]; the new dimensions are at least 1, one of them may be -1"},
    {2, {2, 3}, 0, {0}, reshape_rank, "reshape: 'left' is [2, 3]; a shape has 1 to 5 dimensions"},
    {2,
     {2, 3},
     0,
     {0},
     permute,
     "permute: 'left' is [2, 3]; the order must name each of its dimensions once"},
    {2,
     {2, 3},
     0,
     {0},
     permute_outside,
     "permute: 'left' is [2, 3]; the order must name each of its dimensions once"},
    {2,
     {2, 3},
     2,
     {2, 4},
     concat,
     "concat: 'left' is [2, 3] and 'right' is [2, 4]; all dimensions but the joined one must be "
     "equal"},
    {2,
     {2, 3},
     3,
     {2, 3, 1},
     concat,
     "concat: 'left' is [2, 3] and 'right' is [2, 3, 1]; all dimensions but the joined one must be "
     "equal"},
    {2,
     {2, 3},
     2,
     {2, 3},
     concat_axis,
     "concat: 'left' is [2, 3]; the axis lies outside its dimensions (the first is 0)"},
    {2, {2, 3}, 2, {2, 3}, concat_none, "concat: 0 tensors to join; at least 1"},
    {2,
     {2, 3},
     0,
     {0},
     slice_empty,
     "slice: 'left' is [2, 3]; 0 <= begin < end <= that dimension, of an axis it has"},
    {2,
     {2, 3},
     0,
     {0},
     slice_end,
     "slice: 'left' is [2, 3]; 0 <= begin < end <= that dimension, of an axis it has"},
    {2,
     {2, 3},
     0,
     {0},
     slice_axis,
     "slice: 'left' is [2, 3]; 0 <= begin < end <= that dimension, of an axis it has"},
    {2, {2, 3}, 0, {0}, gather_index, "gather: index 2 at position 1; 'left' has rows 0 .. 1"},
    {1, {3}, 0, {0}, gather_rank, "gather: 'left' is [3]; the table must be a matrix [n, d]"},
    {2,
     {2, 3},
     0,
     {0},
     gather_nothing,
     "gather: dimension 0 of a result would be 0; every dimension is at least 1"},
    {2,
     {2, 3},
     0,
     {0},
     repeat_never,
     "repeat_rows: 'left' is [2, 3]; it must be a matrix, repeated at least once"},
    {3,
     {2, 3, 1},
     0,
     {0},
     repeat_rank,
     "repeat_rows: 'left' is [2, 3, 1]; it must be a matrix, repeated at least once"},
    {2,
     {2, 3},
     0,
     {0},
     broadcast,
     "broadcast: 'left' is [2, 3]; the new shape has as many dimensions, and differs only where a "
     "dimension is 1"},
    {2,
     {2, 3},
     0,
     {0},
     broadcast_rank,
     "broadcast: 'left' is [2, 3]; the new shape has as many dimensions, and differs only where a "
     "dimension is 1"},
};

static void test_moves(void)
{
    shape_cases_check(SHAPE_CASES(shape_case));
}

const Suite suite = {"tensor/shapes of what is moved",
                     {{"mistakes that stop", test_moves}, {NULL, NULL}}};
