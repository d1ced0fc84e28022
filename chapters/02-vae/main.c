#include "02-vae/vae.h"
#include "train/app.h"

int main(int argc, char **argv)
{
    return app_main(&vae_family, argc, argv);
}
