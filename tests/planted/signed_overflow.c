#include <limits.h>

int main(int argc, char **argv)
{
    (void)argv;
    volatile int largest = INT_MAX;
    return (largest + argc) == 0;
}
