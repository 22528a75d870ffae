// Says much, then one urgent byte (TCP's), then much again, and waits for the other side's end.
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTION = 65536, PORTIONS = 64 };

static int sayMuch(char letter) {
  static char portion[PORTION];
  memset(portion, letter, sizeof portion);
  for (int count = 0; count < PORTIONS; count++) {
    for (size_t said = 0; said < sizeof portion;) {
      const ssize_t length = write(1, portion + said, sizeof portion - said);
      if (length < 0) return -1;
      said += (size_t)length;
    }
  }
  return 0;
}

int main(void) {
  char byte = 0;
  if (sayMuch('a') < 0 || send(1, "!", 1, MSG_OOB) < 0 || sayMuch('b') < 0) return 1;
  shutdown(1, SHUT_WR);
  while (read(0, &byte, 1) > 0) continue;
  return 0;
}
