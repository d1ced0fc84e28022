#include "04-ddpm/ddpm.h"
#include "train/app.h"

int main(int argc, char **argv)
{
    return app_main(&ddpm_family, argc, argv);
}
