#include "01-helmholtz/helmholtz.h"
#include "train/app.h"

int main(int argc, char **argv)
{
    return app_main(&helmholtz_family, argc, argv);
}
