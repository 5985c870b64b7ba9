/* What a server does with the pkcs11 engine: it loads a key once, then signs in itself and in the
 * processes that it forks, at the same time, and goes without tidying up.
 *
 *   engine-host KEY-URI PUBLIC-KEY.pem CHILDREN ROUNDS      0, or 1 and what went wrong */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "engine-host[%d]: %s\n", (int)getpid(), what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static EVP_PKEY *load_private(const char *uri)
{
    ENGINE_load_builtin_engines();
    ENGINE *engine = ENGINE_by_id("pkcs11");
    if (engine == NULL || !ENGINE_init(engine))
        fail("the engine");
    EVP_PKEY *key = ENGINE_load_private_key(engine, uri, NULL, NULL);
    if (key == NULL)
        fail("the private key");
    ENGINE_finish(engine);
    ENGINE_free(engine);
    return key;
}

static EVP_PKEY *load_public(const char *path)
{
    FILE *file = fopen(path, "r");
    EVP_PKEY *key = file == NULL ? NULL : PEM_read_PUBKEY(file, NULL, NULL, NULL);
    if (key == NULL)
        fail("the public key");
    fclose(file);
    return key;
}

/* The public key is OpenSSL's own: the token has no part in what it says. */
static void sign(EVP_PKEY *private_key, EVP_PKEY *public_key, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        unsigned char text[64], signature[1024];
        size_t size = sizeof signature;
        int length = snprintf((char *)text, sizeof text, "process %d, round %d", (int)getpid(), i);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        if (context == NULL || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, private_key) != 1 ||
            EVP_DigestSign(context, signature, &size, text, (size_t)length) != 1)
            fail("signing");
        EVP_MD_CTX_free(context);
        context = EVP_MD_CTX_new();
        if (context == NULL || EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, public_key) != 1 ||
            EVP_DigestVerify(context, signature, size, text, (size_t)length) != 1)
            fail("verifying");
        EVP_MD_CTX_free(context);
    }
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: engine-host KEY-URI PUBLIC-KEY.pem CHILDREN ROUNDS\n");
        return 2;
    }
    EVP_PKEY *private_key = load_private(argv[1]), *public_key = load_public(argv[2]);
    int children = atoi(argv[3]), rounds = atoi(argv[4]), bad = 0;
    sign(private_key, public_key, 1);
    for (int i = 0; i < children; i++) {
        pid_t pid = fork();
        if (pid < 0)
            fail("fork");
        if (pid == 0) {
            sign(private_key, public_key, rounds);
            exit(0);
        }
    }
    sign(private_key, public_key, rounds);
    for (int i = 0; i < children; i++) {
        int status;
        if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
            bad = 1;
    }
    if (bad)
        fail("a child ended badly");
    puts("done");
    return 0;
}
