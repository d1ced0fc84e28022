/* Convolutions through oneDNN's primitives. Activations are plain [batch, height, width, channel];
 * weights are copied into the layout that the primitive asks for (format_tag_any: declared plain,
 * oneDNN would fall back to much slower code) and their gradients back into ours.
 *
 * Primitives are kept by shape, direction, weight and number of threads. A copy of a weight serves
 * until its version changes or the backend is told to forget (when the tape gives memory back).
 *
 * oneDNN 3 describes primitives by other calls; with it, convolutions run on the portable loops. */
#include "tensor/kernels_conv.h"

#ifndef REAL_IS_DOUBLE

#include "support/fail.h"
#include "support/memory.h"

#include <dnnl.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR == 2

typedef enum Direction { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHT } Direction;

enum { MOST_PRIMITIVES = 1024, MOST_ARGUMENTS = 4 };

/* One convolution made ready. weight is our layout, at the caller's address; opaque the primitive's
 * own, in memory of oneDNN's (NULL where the two are the same). */
typedef struct Prepared {
    Conv conv;
    Direction direction;
    const real *owner; /* the weight's address, of which opaque may hold a copy */
    bool with_bias;
    int threads;
    dnnl_primitive_t primitive, reorder;
    dnnl_memory_t x, y, bias, weight, opaque;
    bool holds; /* opaque is a copy of the weight at that version */
    unsigned version;
} Prepared;

struct Backend {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    Prepared *prepared[MOST_PRIMITIVES];
    int count;
};

static void check(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success)
        fail("conv2d: oneDNN answered %d to %s", (int)status, what);
}

Backend *onednn_open(void)
{
    Backend *backend = memory_new(1, sizeof *backend);
    check(dnnl_engine_create(&backend->engine, dnnl_cpu, 0), "engine_create");
    check(dnnl_stream_create(&backend->stream, backend->engine, dnnl_stream_default_flags),
          "stream_create");
    return backend;
}

static void prepared_free(Prepared *p)
{
    dnnl_memory_t memory[] = {p->x, p->y, p->bias, p->weight, p->opaque};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i] != NULL)
            dnnl_memory_destroy(memory[i]);
    dnnl_primitive_destroy(p->primitive);
    if (p->reorder != NULL)
        dnnl_primitive_destroy(p->reorder);
    free(p);
}

static void drop_all(Backend *backend)
{
    for (int i = 0; i < backend->count; i++)
        prepared_free(backend->prepared[i]);
    backend->count = 0;
}

void onednn_close(Backend *backend)
{
    drop_all(backend);
    dnnl_stream_destroy(backend->stream);
    dnnl_engine_destroy(backend->engine);
    free(backend);
}

void onednn_forget(Backend *backend)
{
    for (int i = 0; i < backend->count; i++)
        backend->prepared[i]->holds = false;
}

/* ---------------------------------------------------------------- making a primitive ready */

static dnnl_memory_desc_t describe(int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t desc;
    check(dnnl_memory_desc_init_by_tag(&desc, rank, dims, dnnl_f32, tag), "memory_desc_init");
    return desc;
}

/* Memory whose address is given at each call. */
static dnnl_memory_t borrowed(const Backend *backend, const dnnl_memory_desc_t *desc)
{
    dnnl_memory_t memory;
    check(dnnl_memory_create(&memory, desc, backend->engine, DNNL_MEMORY_NONE), "memory_create");
    return memory;
}

static void describe_pass(const Conv *c, Direction direction, const dnnl_memory_desc_t *x,
                          const dnnl_memory_desc_t *y, const dnnl_memory_desc_t *weight,
                          const dnnl_memory_desc_t *bias, dnnl_convolution_desc_t *desc)
{
    const dnnl_alg_kind_t how = dnnl_convolution_direct;
    dnnl_dims_t stride = {c->stride, c->stride}, before = {c->padding, c->padding};
    dnnl_dims_t after = {(c->out_height - 1) * c->stride + c->kernel_height - c->height -
                             c->padding,
                         (c->out_width - 1) * c->stride + c->kernel_width - c->width - c->padding};
    dnnl_status_t status;
    if (direction == FORWARD)
        status = dnnl_convolution_forward_desc_init(desc, dnnl_forward_training, how, x, weight,
                                                    bias, y, stride, before, after);
    else if (direction == BACKWARD_DATA)
        status = dnnl_convolution_backward_data_desc_init(desc, how, x, weight, y, stride, before,
                                                          after);
    else
        status = dnnl_convolution_backward_weights_desc_init(desc, how, x, weight, bias, y, stride,
                                                             before, after);
    check(status, "convolution_desc_init");
}

/* Both ways between our layout and the primitive's: into it for forward and data, out of it for the
 * gradient. */
static void prepare_reorder(const Backend *backend, Prepared *p, const dnnl_memory_desc_t *ours,
                            const dnnl_memory_desc_t *theirs)
{
    if (dnnl_memory_desc_equal(ours, theirs))
        return;
    bool out = p->direction == BACKWARD_WEIGHT;
    dnnl_primitive_desc_t desc;
    check(dnnl_memory_create(&p->opaque, theirs, backend->engine, DNNL_MEMORY_ALLOCATE),
          "memory_create");
    check(dnnl_reorder_primitive_desc_create(&desc, out ? theirs : ours, backend->engine,
                                             out ? ours : theirs, backend->engine, NULL),
          "reorder_primitive_desc_create");
    check(dnnl_primitive_create(&p->reorder, desc), "primitive_create of a reorder");
    dnnl_primitive_desc_destroy(desc);
}

static void prepare(const Backend *backend, Prepared *p)
{
    const Conv *c = &p->conv;
    dnnl_dims_t x_dims = {c->n, c->in, c->height, c->width};
    dnnl_dims_t y_dims = {c->n, c->out, c->out_height, c->out_width};
    dnnl_dims_t w_dims = {c->out, c->in, c->kernel_height, c->kernel_width}, b_dims = {c->out};
    dnnl_memory_desc_t x = describe(4, x_dims, dnnl_nhwc), y = describe(4, y_dims, dnnl_nhwc);
    dnnl_memory_desc_t any = describe(4, w_dims, dnnl_format_tag_any);
    dnnl_memory_desc_t ours = describe(4, w_dims, dnnl_hwio), bias = describe(1, b_dims, dnnl_x);
    const dnnl_memory_desc_t *b = p->with_bias ? &bias : NULL;
    dnnl_convolution_desc_t desc;
    dnnl_primitive_desc_t hint = NULL, made;
    describe_pass(c, FORWARD, &x, &y, &any, b, &desc);
    check(dnnl_primitive_desc_create(&made, &desc, NULL, backend->engine, NULL),
          "primitive_desc_create of a forward convolution");
    if (p->direction != FORWARD) {
        hint = made;
        describe_pass(c, p->direction, &x, &y, &any, b, &desc);
        check(dnnl_primitive_desc_create(&made, &desc, NULL, backend->engine, hint),
              "primitive_desc_create of a convolution's derivative");
        dnnl_primitive_desc_destroy(hint);
    }
    check(dnnl_primitive_create(&p->primitive, made), "primitive_create of a convolution");
    p->x = borrowed(backend, &x);
    p->y = borrowed(backend, &y);
    p->weight = borrowed(backend, &ours);
    if (p->with_bias)
        p->bias = borrowed(backend, &bias);
    dnnl_query_t which =
        p->direction == BACKWARD_WEIGHT ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
    prepare_reorder(backend, p, &ours, dnnl_primitive_desc_query_md(made, which, 0));
    dnnl_primitive_desc_destroy(made);
}

static Prepared *find(Backend *backend, const Conv *conv, Direction direction, const real *owner,
                      bool with_bias)
{
    int threads = kernels_threads();
    for (int i = 0; i < backend->count; i++) {
        Prepared *p = backend->prepared[i];
        if (p->owner == owner && p->direction == direction && p->with_bias == with_bias &&
            p->threads == threads && memcmp(&p->conv, conv, sizeof *conv) == 0)
            return p;
    }
    if (backend->count == MOST_PRIMITIVES)
        drop_all(backend);
    Prepared *p = memory_new(1, sizeof *p);
    p->conv = *conv;
    p->direction = direction;
    p->owner = owner;
    p->with_bias = with_bias;
    p->threads = threads;
    prepare(backend, p);
    backend->prepared[backend->count++] = p;
    return p;
}

/* ---------------------------------------------------------------- running one */

static void set(dnnl_memory_t memory, const real *value)
{
    check(dnnl_memory_set_data_handle(memory, (real *)value), "memory_set_data_handle");
}

static void run(const Backend *backend, const_dnnl_primitive_t primitive, int n,
                const dnnl_exec_arg_t *argument)
{
    check(dnnl_primitive_execute(primitive, backend->stream, n, argument), "primitive_execute");
}

/* The weight in the primitive's layout. */
static dnnl_memory_t weight_ready(const Backend *backend, Prepared *p, ConvWeight weight)
{
    set(p->weight, weight.value);
    if (p->reorder == NULL)
        return p->weight;
    if (p->holds && p->version == weight.version && !weight.is_volatile)
        return p->opaque;
    dnnl_exec_arg_t argument[2] = {{DNNL_ARG_FROM, p->weight}, {DNNL_ARG_TO, p->opaque}};
    run(backend, p->reorder, 2, argument);
    p->holds = true;
    p->version = weight.version;
    return p->opaque;
}

void onednn_conv_forward(Backend *backend, const Conv *conv, const real *x, ConvWeight weight,
                         const real *bias, real *y)
{
    const real *owner = weight.is_volatile ? NULL : weight.value;
    Prepared *p = find(backend, conv, FORWARD, owner, bias != NULL);
    set(p->x, x);
    set(p->y, y);
    if (bias != NULL)
        set(p->bias, bias);
    dnnl_exec_arg_t argument[MOST_ARGUMENTS] = {
        {DNNL_ARG_SRC, p->x},
        {DNNL_ARG_WEIGHTS, weight_ready(backend, p, weight)},
        {DNNL_ARG_DST, p->y},
        {DNNL_ARG_BIAS, p->bias}};
    run(backend, p->primitive, bias != NULL ? 4 : 3, argument);
}

void onednn_conv_backward_data(Backend *backend, const Conv *conv, ConvWeight weight,
                               const real *dy, real *dx)
{
    const real *owner = weight.is_volatile ? NULL : weight.value;
    Prepared *p = find(backend, conv, BACKWARD_DATA, owner, false);
    set(p->x, dx);
    set(p->y, dy);
    dnnl_exec_arg_t argument[3] = {{DNNL_ARG_DIFF_SRC, p->x},
                                   {DNNL_ARG_WEIGHTS, weight_ready(backend, p, weight)},
                                   {DNNL_ARG_DIFF_DST, p->y}};
    run(backend, p->primitive, 3, argument);
}

void onednn_conv_backward_weight(Backend *backend, const Conv *conv, const real *x, const real *dy,
                                 real *dweight, real *dbias)
{
    Prepared *p = find(backend, conv, BACKWARD_WEIGHT, NULL, dbias != NULL);
    set(p->x, x);
    set(p->y, dy);
    set(p->weight, dweight);
    if (dbias != NULL)
        set(p->bias, dbias);
    dnnl_memory_t gradient = p->reorder != NULL ? p->opaque : p->weight;
    dnnl_exec_arg_t argument[MOST_ARGUMENTS] = {{DNNL_ARG_SRC, p->x},
                                                {DNNL_ARG_DIFF_DST, p->y},
                                                {DNNL_ARG_DIFF_WEIGHTS, gradient},
                                                {DNNL_ARG_DIFF_BIAS, p->bias}};
    run(backend, p->primitive, dbias != NULL ? 4 : 3, argument);
    if (p->reorder != NULL) {
        dnnl_exec_arg_t back[2] = {{DNNL_ARG_FROM, p->opaque}, {DNNL_ARG_TO, p->weight}};
        run(backend, p->reorder, 2, back);
    }
}

#else

void onednn_conv_forward(Backend *backend, const Conv *conv, const real *x, ConvWeight weight,
                         const real *bias, real *y)
{
    portable_conv_forward(backend, conv, x, weight, bias, y);
}

void onednn_conv_backward_data(Backend *backend, const Conv *conv, ConvWeight weight,
                               const real *dy, real *dx)
{
    portable_conv_backward_data(backend, conv, weight, dy, dx);
}

void onednn_conv_backward_weight(Backend *backend, const Conv *conv, const real *x, const real *dy,
                                 real *dweight, real *dbias)
{
    portable_conv_backward_weight(backend, conv, x, dy, dweight, dbias);
}

Backend *onednn_open(void)
{
    return NULL;
}

void onednn_close(Backend *backend)
{
    (void)backend;
}

void onednn_forget(Backend *backend)
{
    (void)backend;
}

#endif

#endif
