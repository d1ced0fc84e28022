/* Invertible layers in double: each log-determinant against that of the Jacobian by central
 * differences (GSL's LU), each inverse, each weight's gradient. */
#include "nn/flow_cases.h"

/* ---------------------------------------------------------------- Jacobian, inverse, gradient */

/* The factor by which the map stretches area at a point of the sphere: the length of the cross
 * product of what two orthogonal unit steps along the sphere become. */
static double numeric_log_area(Case *c, int row)
{
    const double step = 1e-6;
    real *x = c->x + 3 * row, kept[3] = {x[0], x[1], x[2]}, side[2][3], moved[2][3];
    real axis[3] = {fabs(x[0]) < 0.5, fabs(x[0]) >= 0.5, 0};
    double along = dot3(axis, kept), length = 0;
    for (int i = 0; i < 3; i++)
        side[0][i] = axis[i] - along * kept[i];
    length = sqrt(dot3(side[0], side[0]));
    for (int i = 0; i < 3; i++)
        side[0][i] /= length;
    for (int i = 0; i < 3; i++)
        side[1][i] =
            kept[(i + 1) % 3] * side[0][(i + 2) % 3] - kept[(i + 2) % 3] * side[0][(i + 1) % 3];
    for (int k = 0; k < 2; k++) {
        Tensor *leaf;
        for (int i = 0; i < 3; i++)
            x[i] = cos(step) * kept[i] + sin(step) * side[k][i];
        memcpy(moved[k], ask(c, c->x, &leaf).value->value + 3 * row, sizeof moved[k]);
        for (int i = 0; i < 3; i++)
            x[i] = cos(step) * kept[i] - sin(step) * side[k][i];
        const real *down = ask(c, c->x, &leaf).value->value + 3 * row;
        for (int i = 0; i < 3; i++)
            moved[k][i] = (moved[k][i] - down[i]) / (2 * step);
    }
    memcpy(x, kept, sizeof kept);
    double a = dot3(moved[0], moved[0]), b = dot3(moved[1], moved[1]);
    double cross = dot3(moved[0], moved[1]);
    return 0.5 * log(a * b - cross * cross);
}

static void test_log_det(void)
{
    Case c;
    for (int kind = 0; begin(&c, kind); kind++) {
        for (int row = 0; row < ROWS; row++) {
            Tensor *x;
            double numeric = c.sphere ? numeric_log_area(&c, row) : numeric_log_det(&c, row);
            double said = ask(&c, c.x, &x).log_det->value[row];
            CU_ASSERT(fabs(numeric - said) < 1e-6);
            if (!(fabs(numeric - said) < 1e-6))
                printf("\n    %s, case %d: %.9f, numeric %.9f\n", c.flow.layer[0]->kind->name, kind,
                       said, numeric);
        }
        end(&c);
    }
}

static void test_inverse(void)
{
    Case c;
    for (int kind = 0; begin(&c, kind); kind++) {
        FlowLoss loss, whole;
        tape_reset(c.tape);
        params_bind(c.params, c.tape);
        Tensor *x = tensor_from(c.tape, 2, (int[]){ROWS, c.flow.dims}, c.x);
        flow_round_trip(&c.flow, x, &loss, &whole);
        /* a continuous flow is undone up to its rule's error */
        double tolerance = strcmp(c.flow.layer[0]->kind->name, "continuous") == 0 ? 1e-5 : 1e-9;
        CU_ASSERT(whole.finite && whole.largest < tolerance && whole.log_det < tolerance);
        if (!(whole.largest < tolerance && whole.log_det < tolerance))
            printf("\n    %s, case %d: %g, log det %g\n", c.flow.layer[0]->kind->name, kind,
                   whole.largest, whole.log_det);
        end(&c);
    }
}

/* The gradient by a number, of a weight or of x, against its difference. */
static double gap_of(Case *c, real *number, double gradient)
{
    const double step = 1e-5;
    Tensor *x;
    real kept = *number;
    *number = kept + step;
    params_touch(c->params);
    double up = tensor_item(objective(ask(c, c->x, &x)));
    *number = kept - step;
    params_touch(c->params);
    double down = tensor_item(objective(ask(c, c->x, &x)));
    *number = kept;
    params_touch(c->params);
    double slope = (up - down) / (2 * step);
    return fabs(slope - gradient) / fmax(1, fabs(slope));
}

/* Also by x, as the previous layer needs it. */
static void test_gradients(void)
{
    Case c;
    for (int kind = 0; begin(&c, kind); kind++) {
        Tensor *x;
        double worst = 0;
        for (int k = 0; k < c.params->count; k++) {
            Tensor *w = c.params->tensor[k];
            for (size_t i = 0; i < w->size && c.params->trained[k]; i += 1 + w->size / 9) {
                tape_backward(objective(ask(&c, c.x, &x)));
                double gradient = w->has_grad ? w->grad[i] : 0;
                if (gradient == 0 && (kind == 4 || kind == 5)) /* may be masked */
                    continue;
                worst = fmax(worst, gap_of(&c, &w->value[i], gradient));
            }
        }
        for (int i = 0; i < c.flow.dims; i++) {
            tape_backward(objective(ask(&c, c.x, &x)));
            worst = fmax(worst, gap_of(&c, &c.x[i], x->grad[i]));
        }
        CU_ASSERT(worst < 1e-6);
        if (!(worst < 1e-6))
            printf("\n    %s, case %d: gap %g\n", c.flow.layer[0]->kind->name, kind, worst);
        end(&c);
    }
}

const Suite suite = {"nn/flow",
                     {{"log-determinant is the Jacobian's", test_log_det},
                      {"inverse", test_inverse},
                      {"gradients", test_gradients},
                      {NULL, NULL}}};
