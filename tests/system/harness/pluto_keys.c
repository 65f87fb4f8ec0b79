/* Preloaded into pluto: writes down the keys that its ISAKMP messages are encrypted with, for tshark. libreswan keeps
 * them in NSS and logs none. A line each time a message is encrypted or decrypted: initiator's cookie and key, in hex.
 *
 * Declared by hand, so that no headers of NSS are needed. pluto runs with one thread (--nhelpers 0). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

enum { header_size = 28, cookie_size = 8 }; /* of ISAKMP; pluto ciphers what follows where it lies */

struct item { /* SECItem */
  int type;
  unsigned char *data;
  unsigned int length;
};

static void *last_context;
static char last_key[2 * 64 + 1];

static void spell(char *to, const unsigned char *bytes, unsigned int count) {
  for (unsigned int i = 0; i < count; ++i) sprintf(to + 2 * i, "%02x", bytes[i]);
}

void *PK11_CreateContextBySymKey(unsigned long mechanism, unsigned long operation, void *key, void *parameter) {
  void *(*original)(unsigned long, unsigned long, void *, void *) = dlsym(RTLD_NEXT, "PK11_CreateContextBySymKey");
  int (*extract)(void *) = dlsym(RTLD_DEFAULT, "PK11_ExtractKeyValue");
  struct item *(*data)(void *) = dlsym(RTLD_DEFAULT, "PK11_GetKeyData");
  last_context = original(mechanism, operation, key, parameter);
  last_key[0] = 0;
  if (extract == NULL || data == NULL || extract(key) != 0) return last_context;
  const struct item *value = data(key);
  if (value != NULL && value->length <= 64) spell(last_key, value->data, value->length);
  return last_context;
}

int PK11_CipherOp(void *context, unsigned char *out, int *out_length, int room, const unsigned char *in, int length) {
  int (*original)(void *, unsigned char *, int *, int, const unsigned char *, int) = dlsym(RTLD_NEXT, "PK11_CipherOp");
  const char *path = getenv("PLUTO_KEYS");
  FILE *file = path != NULL && context == last_context && last_key[0] != 0 ? fopen(path, "a") : NULL;
  if (file != NULL) {
    char cookie[2 * cookie_size + 1];
    spell(cookie, in - header_size, cookie_size);
    fprintf(file, "%s %s\n", cookie, last_key);
    fclose(file);
  }
  return original(context, out, out_length, room, in, length);
}
