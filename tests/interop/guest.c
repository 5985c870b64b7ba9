/* A host program that is as careless as hosts are: it loads a module, uses it and goes, each time in
 * another way. exit.sh runs it under valgrind; p11-kit.sh counts operations with it.
 *
 *   guest MODULE WAY [LABEL PIN]      prints what it did; 0, or 1 and what went wrong
 *
 * Without LABEL it makes a token of its own in the store. Nothing here knows which module it is. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static CK_FUNCTION_LIST_PTR module;
static void *library;
static const char *path;
static const char *label = "guest", *pin = "123456", *so_pin = "12345678";
static pid_t first; /* exit handlers run in children, too */

static _Noreturn void fail(const char *what, CK_RV rv)
{
    fprintf(stderr, "guest[%d]: %s: 0x%lx\n", (int)getpid(), what, rv);
    fflush(NULL);
    _exit(1);
}

static void must(const char *what, CK_RV rv)
{
    if (rv != CKR_OK)
        fail(what, rv);
}

static void load(void)
{
    /* As OpenSSL's pkcs11-provider does: the module's calls of malloc() and free() are libc's then. */
    bool deep = getenv("GUEST_DEEPBIND") != NULL;
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL | (deep ? RTLD_DEEPBIND : 0));
    if (library == NULL) {
        fprintf(stderr, "guest: %s\n", dlerror());
        exit(1);
    }
    CK_C_GetFunctionList get;
    *(void **)&get = dlsym(library, "C_GetFunctionList");
    must("C_GetFunctionList", get == NULL ? CKR_GENERAL_ERROR : get(&module));
}

static void initialise(void)
{
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
    must("C_Initialize", module->C_Initialize(&arguments));
}

static void unload(void)
{
    must("C_Finalize", module->C_Finalize(NULL));
    if (dlclose(library) != 0)
        fail("dlclose", CKR_GENERAL_ERROR);
    library = NULL;
}

static void padded(CK_UTF8CHAR name[32])
{
    memset(name, ' ', 32);
    memcpy(name, label, strlen(label) < 32 ? strlen(label) : 32);
}

/* The slot of the token LABEL; if there is none, a blank one, and *blank says so. */
static CK_SLOT_ID slot_of(int *blank)
{
    CK_SLOT_ID slots[64], found = 0;
    CK_ULONG count = sizeof slots / sizeof slots[0];
    CK_UTF8CHAR name[32];
    padded(name);
    *blank = -1;
    must("C_GetSlotList", module->C_GetSlotList(CK_TRUE, slots, &count));
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        if (module->C_GetTokenInfo(slots[i], &info) != CKR_OK)
            continue;
        if (memcmp(info.label, name, sizeof name) == 0) {
            *blank = 0;
            return slots[i];
        }
        if (!(info.flags & CKF_TOKEN_INITIALIZED)) {
            *blank = 1;
            found = slots[i];
        }
    }
    if (*blank < 0)
        fail("no token and no blank one", CKR_TOKEN_NOT_PRESENT);
    return found;
}

static CK_SESSION_HANDLE open_session(CK_SLOT_ID slot)
{
    CK_SESSION_HANDLE session;
    must("C_OpenSession",
         module->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    return session;
}

static CK_SESSION_HANDLE log_in(void)
{
    int blank;
    CK_SLOT_ID slot = slot_of(&blank);
    if (blank) {
        CK_UTF8CHAR name[32];
        padded(name);
        must("C_InitToken", module->C_InitToken(slot, (CK_UTF8CHAR_PTR)so_pin, strlen(so_pin), name));
        slot = slot_of(&blank);
        CK_SESSION_HANDLE session = open_session(slot);
        must("C_Login SO", module->C_Login(session, CKU_SO, (CK_UTF8CHAR_PTR)so_pin, strlen(so_pin)));
        must("C_InitPIN", module->C_InitPIN(session, (CK_UTF8CHAR_PTR)pin, strlen(pin)));
        must("C_CloseSession", module->C_CloseSession(session));
    }
    CK_SESSION_HANDLE session = open_session(slot);
    must("C_Login", module->C_Login(session, CKU_USER, (CK_UTF8CHAR_PTR)pin, strlen(pin)));
    return session;
}

static CK_OBJECT_HANDLE make_secret(CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
    CK_ULONG size = 32;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ATTRIBUTE template[] = {
        {CKA_VALUE_LEN, &size, sizeof size}, {CKA_SIGN, &yes, sizeof yes}, {CKA_TOKEN, &no, sizeof no}};
    CK_OBJECT_HANDLE key;
    must("C_GenerateKey", module->C_GenerateKey(session, &mechanism, template, 3, &key));
    return key;
}

/* Something of each part: a token pair in the store, a session key, signatures, a search, a digest. */
static void use(CK_SESSION_HANDLE session)
{
    static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0}, ecdsa = {CKM_ECDSA, NULL, 0};
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0}, sha256 = {CKM_SHA256, NULL, 0};
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE public_template[] = {
        {CKA_EC_PARAMS, p256, sizeof p256}, {CKA_TOKEN, &yes, sizeof yes}, {CKA_VERIFY, &yes, sizeof yes}};
    CK_ATTRIBUTE private_template[] = {{CKA_TOKEN, &yes, sizeof yes}, {CKA_SIGN, &yes, sizeof yes}};
    CK_OBJECT_HANDLE public_key, private_key, secret = make_secret(session), found[8];
    CK_BYTE digest[32] = {1}, signature[128], random[16];
    CK_ULONG size = sizeof signature, count;

    must("C_GenerateKeyPair", module->C_GenerateKeyPair(session, &generate, public_template, 3,
                                                        private_template, 2, &public_key, &private_key));
    must("C_SignInit", module->C_SignInit(session, &ecdsa, private_key));
    must("C_Sign", module->C_Sign(session, digest, sizeof digest, signature, &size));
    must("C_VerifyInit", module->C_VerifyInit(session, &ecdsa, public_key));
    must("C_Verify", module->C_Verify(session, digest, sizeof digest, signature, size));
    must("C_SignInit HMAC", module->C_SignInit(session, &hmac, secret));
    must("C_SignUpdate", module->C_SignUpdate(session, digest, sizeof digest));
    size = sizeof signature;
    must("C_SignFinal", module->C_SignFinal(session, signature, &size));
    must("C_FindObjectsInit", module->C_FindObjectsInit(session, private_template, 1));
    must("C_FindObjects", module->C_FindObjects(session, found, 8, &count));
    must("C_FindObjectsFinal", module->C_FindObjectsFinal(session));
    if (count < 2)
        fail("the pair is not found", count);
    must("C_DigestInit", module->C_DigestInit(session, &sha256));
    size = sizeof signature;
    must("C_Digest", module->C_Digest(session, digest, sizeof digest, signature, &size));
    must("C_GenerateRandom", module->C_GenerateRandom(session, random, sizeof random));
    must("C_DestroyObject", module->C_DestroyObject(session, public_key));
    must("C_DestroyObject", module->C_DestroyObject(session, private_key));
    /* What a host leaves lying about: an operation begun and never ended. */
    must("C_SignInit", module->C_SignInit(session, &hmac, secret));
}

static void reap(pid_t child)
{
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        fail("fork", CKR_HOST_MEMORY);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("the child ended badly", (CK_RV)status);
}

static void finalise_at_exit(void)
{
    if (getpid() == first)
        must("C_Finalize at exit", module->C_Finalize(NULL));
}

/* Fork with a session open and an operation begun; the child does CHILD, the parent goes on. */
static void divide(void (*child)(void))
{
    CK_SESSION_HANDLE session = log_in();
    use(session);
    pid_t pid = fork();
    if (pid == 0) {
        CK_SESSION_INFO info;
        if (module->C_GetSessionInfo(session, &info) != CKR_CRYPTOKI_NOT_INITIALIZED)
            fail("the child is initialised", CKR_OK);
        child();
        exit(0);
    }
    reap(pid);
    CK_BYTE mac[64], text[3] = "abc";
    CK_ULONG size = sizeof mac;
    must("the parent's operation", module->C_Sign(session, text, sizeof text, mac, &size));
    use(session);
}

static void nothing(void)
{
}

static void use_anew(void)
{
    initialise();
    use(log_in());
}

static void use_anew_and_finalise(void)
{
    use_anew();
    must("C_Finalize", module->C_Finalize(NULL));
}

/* How many operations can be in progress: one in each session. */
static void count_operations(void)
{
    CK_SESSION_HANDLE session = log_in();
    CK_SESSION_INFO info;
    CK_OBJECT_HANDLE key = make_secret(session);
    CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
    int count = 0;
    must("C_GetSessionInfo", module->C_GetSessionInfo(session, &info));
    while (count < 100 && module->C_SignInit(open_session(info.slotID), &hmac, key) == CKR_OK)
        count++;
    printf("%d operations\n", count);
}

static int go(const char *way)
{
    /* Handlers run in the reverse order: this one after all that the module's libraries register. */
    if (strcmp(way, "atexit-early") == 0)
        atexit(finalise_at_exit);
    load();
    initialise();
    if (strcmp(way, "atexit-late") == 0) {
        use(log_in());
        atexit(finalise_at_exit);
    } else if (strcmp(way, "leave") == 0 || strcmp(way, "atexit-early") == 0) {
        use(log_in());
    } else if (strcmp(way, "_exit") == 0) {
        use(log_in());
        puts("done");
        fflush(NULL);
        _exit(0);
    } else if (strcmp(way, "finalise") == 0) {
        use(log_in());
        must("C_Finalize", module->C_Finalize(NULL));
    } else if (strcmp(way, "close") == 0) {
        use(log_in());
        unload();
    } else if (strcmp(way, "again") == 0) {
        for (int i = 0; i < 3; i++) {
            use(log_in());
            unload();
            load();
            initialise();
        }
        unload();
    } else if (strcmp(way, "fork") == 0) {
        divide(nothing);
    } else if (strcmp(way, "fork-use") == 0) {
        divide(use_anew);
    } else if (strcmp(way, "fork-finalise") == 0) {
        divide(use_anew_and_finalise);
        must("C_Finalize", module->C_Finalize(NULL));
    } else if (strcmp(way, "fork-close") == 0) {
        divide(nothing);
        unload();
    } else if (strcmp(way, "operations") == 0) {
        count_operations();
    } else {
        fprintf(stderr, "guest: no such way: %s\n", way);
        return 2;
    }
    puts("done");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: guest MODULE WAY [LABEL PIN]\n");
        return 2;
    }
    path = argv[1];
    first = getpid();
    if (argc > 4) {
        label = argv[3];
        pin = argv[4];
    }
    return go(argv[2]);
}
