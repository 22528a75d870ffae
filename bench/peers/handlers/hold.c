// A handler that stays: writes one line, then waits for the client's end. Many of them are the live instances.
#include <string.h>
#include <unistd.h>

int main(void) {
  static const char line[] = "acceptd bench: hello, world\r\n";
  char bytes[64];
  if (write(STDOUT_FILENO, line, strlen(line)) != (ssize_t)strlen(line)) return 1;
  while (read(STDIN_FILENO, bytes, sizeof bytes) > 0) continue;
  return 0;
}
