// What an ordinary C program costs: writes one line and exits. Built twice, static and dynamic.
#include <string.h>
#include <unistd.h>

int main(void) {
  static const char line[] = "acceptd bench: hello, world\r\n";
  return write(STDOUT_FILENO, line, strlen(line)) == (ssize_t)strlen(line) ? 0 : 1;
}
