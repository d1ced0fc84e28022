/* Monotone rational quadratic splines, LANES numbers at a time: every loop over lanes is
 * branch-free and vectorised. Notation of Durkan et al. (2019), sec. 3.1: within a bin of width w
 * and height h that starts at (x_k, y_k), with slopes a = d_k and b = d_k+1 at its ends, s = h / w,
 * u = (x - x_k) / w and v = u (1 - u),
 *
 *     y       = y_k + h N / D,          N = s u^2 + a v,   D = s + (a + b - 2 s) v
 *     dy / dx = s^2 M / D^2,            M = b u^2 + 2 s v + a (1 - u)^2 */
#include "prob/monotone_internal.h"
#include "support/vecmath.h"

enum { LANES = 16, ROWS = 16 };

/* No bin is narrower or lower than this share of the whole, no slope smaller. */
#define LEAST_BIN ((real)1e-3)
#define LEAST_SLOPE ((real)1e-3)
/* softplus(ONE_AT_ZERO) + LEAST_SLOPE = 1 */
#define ONE_AT_ZERO ((real)0.5397424172369522)

typedef struct Lanes {
    int used;
    size_t number[LANES], base[LANES]; /* where the lane's number and its parameters are  */
    int row[LANES];
    bool in_row; /* the bases follow one another */
} Lanes;

/* Knots of each lane's spline, as differences, and slopes at all of them. */
typedef struct Knots {
    real width[MONOTONE_MOST_BINS][LANES], height[MONOTONE_MOST_BINS][LANES];
    real slope[MONOTONE_MOST_BINS + 1][LANES];
} Knots;

/* The bin that a lane's number falls into. */
typedef struct Bin {
    real k[LANES]; /* its index */
    real x[LANES], y[LANES], width[LANES], height[LANES], a[LANES], b[LANES];
} Bin;

static Lanes lanes_at(int d, int columns, int first_row, int rows, int first)
{
    Lanes lanes = {.in_row = true};
    for (int l = 0; l < LANES; l++) {
        int q = first + l < rows * d ? first + l : rows * d - 1; /* idle lanes repeat the last */
        int r = first_row + q / d, j = q % d;
        lanes.used += first + l < rows * d;
        lanes.row[l] = r;
        lanes.number[l] = (size_t)r * (size_t)d + (size_t)j;
        lanes.base[l] = (size_t)r * (size_t)columns + (size_t)j;
        lanes.in_row = lanes.in_row && lanes.base[l] == lanes.base[0] + (size_t)l;
    }
    return lanes;
}

static inline void fetch(const Lanes *lanes, const real *from, real *restrict out)
{
    if (lanes->in_row)
        for (int l = 0; l < LANES; l++)
            out[l] = from[lanes->base[0] + (size_t)l];
    else
        for (int l = 0; l < LANES; l++)
            out[l] = from[lanes->base[l]];
}

static inline void put(const Lanes *lanes, real *to, bool add, const real *restrict value)
{
    for (int l = 0; l < lanes->used; l++)
        to[lanes->base[l]] = grad_kept(to, add, lanes->base[l]) + value[l];
}

/* Shares of the whole that are at least LEAST_BIN, times 2 bound. */
static inline void shares(const Monotone *map, real part[][LANES])
{
    int bins = map->bins;
    real largest[LANES], sum[LANES] = {0};
    for (int l = 0; l < LANES; l++)
        largest[l] = part[0][l];
    for (int k = 1; k < bins; k++)
        for (int l = 0; l < LANES; l++)
            largest[l] = part[k][l] > largest[l] ? part[k][l] : largest[l];
    for (int k = 0; k < bins; k++)
        for (int l = 0; l < LANES; l++) {
            part[k][l] = vec_exp(part[k][l] - largest[l]);
            sum[l] += part[k][l];
        }
    real free_share = 1 - LEAST_BIN * (real)bins, whole = 2 * map->bound;
    for (int k = 0; k < bins; k++)
        for (int l = 0; l < LANES; l++)
            part[k][l] = whole * (LEAST_BIN + free_share * (part[k][l] / sum[l]));
}

static void knots_of(const Monotone *map, const Lanes *lanes, int d, const real *raw, Knots *knots)
{
    int bins = map->bins;
    size_t step = (size_t)d;
    for (int k = 0; k < bins; k++) {
        fetch(lanes, raw + (size_t)k * step, knots->width[k]);
        fetch(lanes, raw + (size_t)(bins + k) * step, knots->height[k]);
    }
    shares(map, knots->width);
    shares(map, knots->height);
    for (int l = 0; l < LANES; l++)
        knots->slope[0][l] = knots->slope[bins][l] = 1;
    for (int k = 1; k < bins; k++) {
        fetch(lanes, raw + (size_t)(2 * bins + k - 1) * step, knots->slope[k]);
        for (int l = 0; l < LANES; l++)
            knots->slope[k][l] = LEAST_SLOPE + vec_softplus(knots->slope[k][l] + ONE_AT_ZERO);
    }
}

/* `of` is x where the knots' positions are compared, y where their heights are. */
static void find_bin(const Monotone *map, const Knots *knots, const real *of, bool of_y, Bin *bin)
{
    real x[LANES], y[LANES];
    for (int l = 0; l < LANES; l++) {
        x[l] = y[l] = bin->x[l] = bin->y[l] = -map->bound;
        bin->k[l] = 0;
        bin->width[l] = knots->width[0][l];
        bin->height[l] = knots->height[0][l];
        bin->a[l] = knots->slope[0][l];
        bin->b[l] = knots->slope[1][l];
    }
    for (int k = 1; k < map->bins; k++)
        for (int l = 0; l < LANES; l++) {
            x[l] += knots->width[k - 1][l];
            y[l] += knots->height[k - 1][l];
            bool beyond = of[l] >= (of_y ? y[l] : x[l]);
            bin->k[l] = beyond ? (real)k : bin->k[l];
            bin->x[l] = beyond ? x[l] : bin->x[l];
            bin->y[l] = beyond ? y[l] : bin->y[l];
            bin->width[l] = beyond ? knots->width[k][l] : bin->width[l];
            bin->height[l] = beyond ? knots->height[k][l] : bin->height[l];
            bin->a[l] = beyond ? knots->slope[k][l] : bin->a[l];
            bin->b[l] = beyond ? knots->slope[k + 1][l] : bin->b[l];
        }
}

/* ---------------------------------------------------------------- forward */

static void forward_lanes(const Monotone *map, const Lanes *lanes, int d, const real *xv,
                          const real *raw, real *out)
{
    Knots knots;
    Bin bin;
    real x[LANES], y[LANES], log_slope[LANES];
    for (int l = 0; l < LANES; l++)
        x[l] = xv[lanes->number[l]];
    knots_of(map, lanes, d, raw, &knots);
    find_bin(map, &knots, x, false, &bin);
    for (int l = 0; l < LANES; l++) {
        real s = bin.height[l] / bin.width[l], u = (x[l] - bin.x[l]) / bin.width[l];
        bool inside = x[l] > -map->bound && x[l] < map->bound;
        u = inside ? u : 0;
        real v = u * (1 - u), a = bin.a[l], b = bin.b[l];
        real n = s * u * u + a * v, down = s + (a + b - 2 * s) * v;
        real m = b * u * u + 2 * s * v + a * (1 - u) * (1 - u);
        real slope = s / down;
        y[l] = inside ? bin.y[l] + bin.height[l] * (n / down) : x[l];
        log_slope[l] = inside ? vec_log(slope * slope * m) : 0;
    }
    for (int l = 0; l < lanes->used; l++) {
        size_t r = (size_t)lanes->row[l];
        out[lanes->number[l] + r] = y[l];
        out[r * (size_t)(d + 1) + (size_t)d] += log_slope[l];
    }
}

/* ---------------------------------------------------------------- backward */

/* Derivatives of the loss by what describes the bin. */
typedef struct BinGrad {
    real x[LANES], y[LANES], width[LANES], height[LANES], a[LANES], b[LANES];
} BinGrad;

static inline void bin_backward(const Monotone *map, const Bin *bin, const real *x, const real *dy,
                                const real *dlog, real *dx, BinGrad *g)
{
    for (int l = 0; l < LANES; l++) {
        real w = bin->width[l], h = bin->height[l], a = bin->a[l], b = bin->b[l], s = h / w;
        bool inside = x[l] > -map->bound && x[l] < map->bound;
        real u = inside ? (x[l] - bin->x[l]) / w : 0, v = u * (1 - u);
        real n = s * u * u + a * v, down = s + (a + b - 2 * s) * v;
        real m = b * u * u + 2 * s * v + a * (1 - u) * (1 - u);
        real ratio = n / down, gy = inside ? dy[l] : 0, gl = inside ? dlog[l] : 0;
        real gn = gy * h / down, gdown = -gn * ratio - 2 * gl / down, gm = gl / m;
        real gs = gn * u * u + gdown * (1 - 2 * v) + gm * 2 * v + 2 * gl / s;
        real gu = gn * (2 * s * u + a * (1 - 2 * u)) + gdown * (a + b - 2 * s) * (1 - 2 * u) +
                  gm * (2 * b * u + 2 * s * (1 - 2 * u) - 2 * a * (1 - u));
        g->a[l] = gn * v + gdown * v + gm * (1 - u) * (1 - u);
        g->b[l] = gdown * v + gm * u * u;
        g->height[l] = gy * ratio + gs / w;
        g->width[l] = -(gs * s + gu * u) / w;
        g->x[l] = -gu / w;
        g->y[l] = gy;
        dx[l] = inside ? gu / w : dy[l];
    }
}

/* Through the shares of softmax: part'_k = d start for the bins below, d size for the bin itself.
 */
static void put_shares(const Monotone *map, const Lanes *lanes, int d, real part[][LANES],
                       const real *at, const real *start, const real *size, real *draw, bool add)
{
    int bins = map->bins;
    real free_share = 1 - LEAST_BIN * (real)bins, whole = 2 * map->bound;
    real p[MONOTONE_MOST_BINS][LANES], g[MONOTONE_MOST_BINS][LANES], dot[LANES] = {0};
    for (int k = 0; k < bins; k++)
        for (int l = 0; l < LANES; l++) {
            p[k][l] = (part[k][l] / whole - LEAST_BIN) / free_share;
            g[k][l] = ((real)k < at[l] ? start[l] : 0) + ((real)k == at[l] ? size[l] : 0);
            dot[l] += p[k][l] * g[k][l];
        }
    for (int k = 0; k < bins; k++) {
        for (int l = 0; l < LANES; l++)
            g[k][l] = whole * free_share * p[k][l] * (g[k][l] - dot[l]);
        put(lanes, draw + (size_t)k * (size_t)d, add, g[k]);
    }
}

static void put_slopes(const Monotone *map, const Lanes *lanes, int d, const real *raw,
                       const Bin *bin, const BinGrad *g, real *draw, bool add)
{
    for (int k = 1; k < map->bins; k++) {
        size_t at = (size_t)(2 * map->bins + k - 1) * (size_t)d;
        real slope[LANES];
        fetch(lanes, raw + at, slope);
        for (int l = 0; l < LANES; l++) {
            real share =
                (bin->k[l] == (real)k ? g->a[l] : 0) + (bin->k[l] + 1 == (real)k ? g->b[l] : 0);
            slope[l] = share * vec_sigmoid(slope[l] + ONE_AT_ZERO);
        }
        put(lanes, draw + at, add, slope);
    }
}

static void backward_lanes(const Monotone *map, const Lanes *lanes, const Tensor *out, Grad gx,
                           Grad graw)
{
    const Tensor *xt = out->parent[0], *raw = out->parent[1];
    int d = xt->shape[1];
    Knots knots;
    Bin bin;
    BinGrad g;
    real x[LANES], dy[LANES], dlog[LANES], dx[LANES];
    for (int l = 0; l < LANES; l++) {
        size_t r = (size_t)lanes->row[l];
        x[l] = xt->value[lanes->number[l]];
        dy[l] = out->grad[lanes->number[l] + r];
        dlog[l] = out->grad[r * (size_t)(d + 1) + (size_t)d];
    }
    knots_of(map, lanes, d, raw->value, &knots);
    find_bin(map, &knots, x, false, &bin);
    bin_backward(map, &bin, x, dy, dlog, dx, &g);
    for (int l = 0; l < lanes->used && gx.data != NULL; l++) {
        size_t at = lanes->number[l];
        gx.data[at] = grad_kept(gx.data, gx.add, at) + dx[l];
    }
    if (graw.data == NULL)
        return;
    put_shares(map, lanes, d, knots.width, bin.k, g.x, g.width, graw.data, graw.add);
    put_shares(map, lanes, d, knots.height, bin.k, g.y, g.height,
               graw.data + (size_t)map->bins * (size_t)d, graw.add);
    put_slopes(map, lanes, d, raw->value, &bin, &g, graw.data, graw.add);
}

static Monotone map_of(const Tensor *out)
{
    return (Monotone){MONOTONE_SPLINE, out->attr.monotone.bins, out->attr.monotone.bound};
}

/* spline: formulas at the head of this file; backward by the chain rule through N, D, M, u, s, the
 * knots (sums of widths) and softmax. */
static void spline_backward(Tensor *out)
{
    Tensor *x = out->parent[0], *raw = out->parent[1];
    int n = x->shape[0], d = x->shape[1], columns = raw->shape[1];
    Monotone map = map_of(out);
    Grad gx = grad_open(x), graw = grad_open(raw);
#pragma omp parallel for schedule(static) if (raw->size >= OP_PARALLEL_FROM)
    for (int first = 0; first < n; first += ROWS) {
        int rows = first + ROWS < n ? ROWS : n - first;
        for (int q = 0; q < rows * d; q += LANES) {
            Lanes lanes = lanes_at(d, columns, first, rows, q);
            backward_lanes(&map, &lanes, out, gx, graw);
        }
    }
}

static const Op spline_op = {"spline", spline_backward, NULL};

Tensor *monotone_spline_forward(const Monotone *map, Tensor *x, Tensor *raw)
{
    int n = x->shape[0], d = x->shape[1], columns = raw->shape[1];
    Tensor *out = op_result(&spline_op, 2, (int[]){n, d + 1}, 2, (Tensor *[]){x, raw});
    out->attr.monotone.bins = map->bins;
    out->attr.monotone.bound = map->bound;
#pragma omp parallel for schedule(static) if (raw->size >= OP_PARALLEL_FROM)
    for (int first = 0; first < n; first += ROWS) {
        int rows = first + ROWS < n ? ROWS : n - first;
        for (int r = first; r < first + rows; r++)
            out->value[(size_t)r * (size_t)(d + 1) + (size_t)d] = 0;
        for (int q = 0; q < rows * d; q += LANES) {
            Lanes lanes = lanes_at(d, columns, first, rows, q);
            forward_lanes(map, &lanes, d, x->value, raw->value, out->value);
        }
    }
    return out;
}

/* ---------------------------------------------------------------- inverse */

/* The root in [0, 1] of the quadratic in u that y = y_k + h N / D is, in double. */
static double position_in_bin(const Bin *bin, int l, double y, double *log_slope)
{
    double w = (double)bin->width[l], h = (double)bin->height[l], s = h / w;
    double a = (double)bin->a[l], b = (double)bin->b[l], up = y - (double)bin->y[l];
    double bend = up * (a + b - 2 * s);
    double qa = h * (s - a) + bend, qb = h * a - bend, qc = -s * up;
    double u = 2 * qc / (-qb - sqrt(fmax(qb * qb - 4 * qa * qc, 0)));
    double v = u * (1 - u), down = s + (a + b - 2 * s) * v;
    double m = b * u * u + 2 * s * v + a * (1 - u) * (1 - u);
    *log_slope = log(s * s * m / (down * down));
    return u;
}

void monotone_spline_inverse(const Monotone *map, const Tensor *y, const Tensor *raw, Tensor *out)
{
    int n = y->shape[0], d = y->shape[1], columns = raw->shape[1];
    for (int r = 0; r < n; r++)
        for (int q = 0; q < d; q += LANES) {
            Lanes lanes = lanes_at(d, columns, r, 1, q);
            size_t at = (size_t)r * (size_t)(d + 1);
            Knots knots;
            Bin bin;
            real of[LANES];
            for (int l = 0; l < LANES; l++)
                of[l] = y->value[lanes.number[l]];
            knots_of(map, &lanes, d, raw->value, &knots);
            find_bin(map, &knots, of, true, &bin);
            out->value[at + (size_t)d] = q == 0 ? 0 : out->value[at + (size_t)d];
            for (int l = 0; l < lanes.used; l++) {
                double log_slope = 0, x = (double)of[l];
                if (fabs(x) < (double)map->bound)
                    x = (double)bin.x[l] +
                        (double)bin.width[l] * position_in_bin(&bin, l, x, &log_slope);
                out->value[at + (size_t)(q + l)] = (real)x;
                out->value[at + (size_t)d] -= (real)log_slope;
            }
        }
}
