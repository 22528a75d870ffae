// Ends in the way that its arguments say.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void burn(int milliseconds) {
  const clock_t end = clock() + (clock_t)milliseconds * (CLOCKS_PER_SEC / 1000);
  while (clock() < end) continue;
}

static void touch(size_t mebibytes) {
  const size_t size = mebibytes << 20;
  char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) exit(99);
  memset(memory, 1, size);
}

int main(int count, char **arguments) {
  if (count < 2) return 0;
  const char *how = arguments[1];
  const int number = count > 2 ? atoi(arguments[2]) : 0;
  // what comes third is said before
  if (count > 3) dprintf(1, "%s", arguments[3]);
  if (strcmp(how, "exit") == 0) return number;
  if (strcmp(how, "signal") == 0) raise(number);
  if (strcmp(how, "burn") == 0) burn(number);
  if (strcmp(how, "touch") == 0) touch((size_t)number);
  if (strcmp(how, "wait") == 0) {
    // until the other side closes
    char byte;
    while (read(0, &byte, 1) > 0) continue;
  }
  if (strcmp(how, "write") == 0) dprintf(1, "%s", arguments[2]);
  return 0;
}
