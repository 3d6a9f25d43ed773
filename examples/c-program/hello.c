#include <stdio.h>
#include <stdlib.h>

int main(void) {
  const char *greeting = getenv("GREETING");
  return puts(greeting ? greeting : "Hello") < 0;
}
