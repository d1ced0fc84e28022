#include "01-boltzmann/hopfield.h"
#include "01-boltzmann/rbm.h"
#include "train/app.h"

#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "hopfield") == 0)
        return hopfield_main(argc - 1, argv + 1);
    return app_main(&boltzmann_family, argc, argv);
}
