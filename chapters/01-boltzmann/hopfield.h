#ifndef H
#define H
int hopfield_main(int argc, char **argv);
#endif
