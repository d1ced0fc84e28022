#include "05-gan/gan_dirac.h"
#include "train/app.h"

#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "dirac") == 0)
        return dirac_main(argc - 1, argv + 1);
    return app_main(&gan_family, argc, argv);
}
