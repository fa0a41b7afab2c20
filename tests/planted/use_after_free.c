#include <stdlib.h>

/* Read back from memory, so that the compiler does not see that the block is gone. */
static char *volatile kept;

int main(void)
{
    char *block = malloc(16);
    if (block == NULL)
        return 0;
    block[0] = 1;
    kept = block;
    free(block);
    return kept[0];
}
