// A small challenge as contests have them: asks for a name, and does what the answer says. Its players mean no good.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  printf("who are you?\n");
  char line[64];
  if (!fgets(line, sizeof line, stdin)) return 1;
  line[strcspn(line, "\n")] = '\0';
  if (strcmp(line, "spin") == 0)
    for (volatile unsigned long turns = 0;; turns++) continue;
  if (strcmp(line, "eat") == 0) {
    size_t mebibytes = 0;
    for (char *memory; (memory = malloc(1 << 20)); mebibytes++) memset(memory, 1, 1 << 20);
    printf("no memory after %zu MiB\n", mebibytes);
    return 2;
  }
  if (strcmp(line, "where") == 0) printf("uid %d, gid %d, root %s\n", getuid(), getgid(), access("/etc", F_OK) ? "alone" : "shared");
  else printf("hello %s\n", line);
  return 0;
}
