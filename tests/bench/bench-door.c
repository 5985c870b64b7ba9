/*
 * bench-module: a PKCS #11 module, loaded by its path, with a token and keys; and the operations through it.
 */
#include "bench.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static CK_UTF8CHAR so_pin[] = "12345678", user_pin[] = "123456";
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static CK_BYTE ed25519[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};

void bench_fail(const char *what)
{
    fprintf(stderr, "bench-module: %s failed\n", what);
    exit(2);
}

void bench_ok(CK_RV rv, const char *what)
{
    if (rv != CKR_OK) {
        fprintf(stderr, "bench-module: %s failed with 0x%lx\n", what, rv);
        exit(2);
    }
}

/* ---- token and keys ---- */

void bench_door_load(struct bench_door *door, const char *name, const char *path, const char *reserved)
{
    CK_RV (*get)(CK_FUNCTION_LIST **);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK, .pReserved = (void *)(uintptr_t)reserved};

    *door = (struct bench_door){.name = name, .path = path, .reserved = reserved};
    bench_must(module != NULL, path);
    *(void **)&get = dlsym(module, "C_GetFunctionList");
    bench_must(get != NULL, "C_GetFunctionList");
    bench_ok(get(&door->p11), "C_GetFunctionList");
    bench_ok(door->p11->C_Initialize(&arguments), "C_Initialize");
}

CK_SESSION_HANDLE bench_door_session(const struct bench_door *door)
{
    CK_SESSION_HANDLE session;
    bench_ok(door->p11->C_OpenSession(door->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
             "C_OpenSession");
    return session;
}

static void generate_pair(struct bench_door *door, CK_SESSION_HANDLE session, enum bench_key key,
                          CK_MECHANISM_TYPE type, CK_ATTRIBUTE what)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_BYTE id = (CK_BYTE)(key + 1);
    CK_ATTRIBUTE public_template[] = {
        {CKA_TOKEN, &yes, sizeof yes}, {CKA_VERIFY, &yes, sizeof yes}, {CKA_ID, &id, 1}, what};
    CK_ATTRIBUTE private_template[] = {{CKA_TOKEN, &yes, sizeof yes},
                                       {CKA_SIGN, &yes, sizeof yes},
                                       {CKA_ID, &id, 1},
                                       {CKA_DERIVE, &yes, sizeof yes}};
    bench_ok(door->p11->C_GenerateKeyPair(session, &mechanism, public_template, COUNT(public_template),
                                          private_template, key == BENCH_P256 ? 4 : 3, &door->public_key[key],
                                          &door->private_key[key]),
             "C_GenerateKeyPair");
}

static void generate_secret(struct bench_door *door, CK_SESSION_HANDLE session, enum bench_key key,
                            CK_MECHANISM_TYPE type, CK_ATTRIBUTE_TYPE use)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_ULONG size = 32;
    CK_BYTE id = (CK_BYTE)(key + 1);
    CK_ATTRIBUTE template[] = {{CKA_TOKEN, &yes, sizeof yes},
                               {CKA_ID, &id, 1},
                               {use, &yes, sizeof yes},
                               {CKA_VALUE_LEN, &size, sizeof size}};
    bench_ok(
        door->p11->C_GenerateKey(session, &mechanism, template, COUNT(template), &door->private_key[key]),
        "C_GenerateKey");
}

/* What signatures are verified and what is agreed with. */
static void prepare(struct bench_door *door, CK_SESSION_HANDLE session)
{
    CK_BYTE wrapped[2 + sizeof door->point];
    CK_ATTRIBUTE point = {CKA_EC_POINT, wrapped, sizeof wrapped};

    for (enum bench_key key = BENCH_RSA2048; key <= BENCH_ED25519; key++) {
        struct bench_worker worker;
        bench_worker_begin(&worker, door, key, 32);
        module_sign(&worker);
        door->signature_size[key] = key == BENCH_RSA2048 ? 256 : key == BENCH_RSA4096 ? 512 : 64;
        memcpy(door->signature[key], worker.out, door->signature_size[key]);
        bench_worker_end(&worker);
    }
    bench_ok(door->p11->C_GetAttributeValue(session, door->public_key[BENCH_P256], &point, 1), "the point");
    bench_must(point.ulValueLen == sizeof wrapped, "the point's length");
    memcpy(door->point, wrapped + 2, sizeof door->point);
}

void bench_door_make(struct bench_door *door)
{
    CK_FUNCTION_LIST *p11 = door->p11;
    CK_SLOT_ID slots[4];
    CK_ULONG count = COUNT(slots), bits[] = {2048, 4096};
    CK_UTF8CHAR label[32];

    memset(label, ' ', sizeof label);
    memcpy(label, "bench", 5);
    bench_ok(p11->C_GetSlotList(CK_FALSE, slots, &count), "C_GetSlotList");
    bench_ok(p11->C_InitToken(slots[count - 1], so_pin, 8, label), "C_InitToken");
    count = COUNT(slots);
    bench_ok(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    door->slot = slots[0];
    CK_SESSION_HANDLE session = bench_door_session(door);
    bench_ok(p11->C_Login(session, CKU_SO, so_pin, 8), "C_Login");
    bench_ok(p11->C_InitPIN(session, user_pin, 6), "C_InitPIN");
    bench_ok(p11->C_Logout(session), "C_Logout");
    bench_ok(p11->C_Login(session, CKU_USER, user_pin, 6), "C_Login");
    for (int i = 0; i < 2; i++) {
        generate_pair(door, session, i == 0 ? BENCH_RSA2048 : BENCH_RSA4096, CKM_RSA_PKCS_KEY_PAIR_GEN,
                      (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits[i], sizeof bits[i]});
    }
    generate_pair(door, session, BENCH_P256, CKM_EC_KEY_PAIR_GEN,
                  (CK_ATTRIBUTE){CKA_EC_PARAMS, p256, sizeof p256});
    generate_pair(door, session, BENCH_ED25519, CKM_EC_EDWARDS_KEY_PAIR_GEN,
                  (CK_ATTRIBUTE){CKA_EC_PARAMS, ed25519, sizeof ed25519});
    generate_secret(door, session, BENCH_AES, CKM_AES_KEY_GEN, CKA_ENCRYPT);
    generate_secret(door, session, BENCH_HMAC, CKM_GENERIC_SECRET_KEY_GEN, CKA_SIGN);
    prepare(door, session);
}

static CK_OBJECT_HANDLE find_key(const struct bench_door *door, CK_SESSION_HANDLE session, enum bench_key key,
                                 CK_OBJECT_CLASS class)
{
    CK_BYTE id = (CK_BYTE)(key + 1);
    CK_ATTRIBUTE template[] = {{CKA_ID, &id, 1}, {CKA_CLASS, &class, sizeof class}};
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    bench_ok(door->p11->C_FindObjectsInit(session, template, 2), "C_FindObjectsInit");
    bench_ok(door->p11->C_FindObjects(session, &found, 1, &count), "C_FindObjects");
    bench_ok(door->p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    bench_must(count == 1, "finding a key");
    return found;
}

void bench_door_join(struct bench_door *door, const struct bench_door *first)
{
    CK_ULONG count = 1;

    bench_door_load(door, first->name, first->path, first->reserved);
    bench_ok(door->p11->C_GetSlotList(CK_TRUE, &door->slot, &count), "C_GetSlotList");
    CK_SESSION_HANDLE session = bench_door_session(door);
    bench_ok(door->p11->C_Login(session, CKU_USER, user_pin, 6), "C_Login");
    for (enum bench_key key = BENCH_RSA2048; key < BENCH_KEYS; key++) {
        bool pair = key <= BENCH_ED25519;
        door->private_key[key] = find_key(door, session, key, pair ? CKO_PRIVATE_KEY : CKO_SECRET_KEY);
        door->public_key[key] = pair ? find_key(door, session, key, CKO_PUBLIC_KEY) : 0;
    }
    prepare(door, session);
}

/* ---- workers ---- */

void bench_worker_begin(struct bench_worker *worker, struct bench_door *door, enum bench_key key, size_t size)
{
    size_t room = size + 1024;

    *worker = (struct bench_worker){.door = door, .key = key, .size = size};
    worker->in = calloc(1, room);
    worker->out = calloc(1, room);
    worker->digest = EVP_MD_CTX_new();
    bench_must(worker->in != NULL && worker->out != NULL && worker->digest != NULL, "memory");
    if (door != NULL) {
        worker->session = bench_door_session(door);
    }
}

void bench_worker_end(struct bench_worker *worker)
{
    if (worker->door != NULL) {
        bench_ok(worker->door->p11->C_CloseSession(worker->session), "C_CloseSession");
    }
    EVP_MD_CTX_free(worker->digest);
    free(worker->in);
    free(worker->out);
}

/* ---- operations ---- */

/* Each hashes its 32 bytes, as bare OpenSSL does here; but SoftHSM2 has no ECDSA that does. */
static CK_MECHANISM signing_mechanism(const struct bench_door *door, enum bench_key key)
{
    static const CK_MECHANISM_TYPE types[BENCH_KEYS] = {[BENCH_RSA2048] = CKM_SHA256_RSA_PKCS,
                                                        [BENCH_RSA4096] = CKM_SHA256_RSA_PKCS,
                                                        [BENCH_P256] = CKM_ECDSA_SHA256,
                                                        [BENCH_ED25519] = CKM_EDDSA};
    bool raw = key == BENCH_P256 && strcmp(door->name, "SoftHSM2") == 0;
    return (CK_MECHANISM){raw ? CKM_ECDSA : types[key], NULL, 0};
}

void module_sign(struct bench_worker *worker)
{
    const struct bench_door *door = worker->door;
    CK_MECHANISM mechanism = signing_mechanism(door, worker->key);
    CK_ULONG size = 512;
    bench_ok(door->p11->C_SignInit(worker->session, &mechanism, door->private_key[worker->key]),
             "C_SignInit");
    bench_ok(door->p11->C_Sign(worker->session, worker->in, worker->size, worker->out, &size), "C_Sign");
}

void module_verify(struct bench_worker *worker)
{
    struct bench_door *door = worker->door;
    CK_MECHANISM mechanism = signing_mechanism(door, worker->key);
    bench_ok(door->p11->C_VerifyInit(worker->session, &mechanism, door->public_key[worker->key]),
             "C_VerifyInit");
    bench_ok(door->p11->C_Verify(worker->session, worker->in, worker->size, door->signature[worker->key],
                                 door->signature_size[worker->key]),
             "C_Verify");
}

void module_agree(struct bench_worker *worker)
{
    struct bench_door *door = worker->door;
    CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, sizeof door->point, door->point};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof params};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG size = 32;
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class},
                               {CKA_KEY_TYPE, &type, sizeof type},
                               {CKA_TOKEN, &no, sizeof no},
                               {CKA_VALUE_LEN, &size, sizeof size}};
    bench_ok(door->p11->C_DeriveKey(worker->session, &mechanism, door->private_key[BENCH_P256], template,
                                    COUNT(template), &key),
             "C_DeriveKey");
    bench_ok(door->p11->C_DestroyObject(worker->session, key), "C_DestroyObject");
}

static void encrypt(struct bench_worker *worker, CK_MECHANISM *mechanism)
{
    const struct bench_door *door = worker->door;
    CK_ULONG size = worker->size + 64;
    bench_ok(door->p11->C_EncryptInit(worker->session, mechanism, door->private_key[BENCH_AES]),
             "C_EncryptInit");
    bench_ok(door->p11->C_Encrypt(worker->session, worker->in, worker->size, worker->out, &size),
             "C_Encrypt");
}

void module_gcm(struct bench_worker *worker)
{
    CK_BYTE nonce[12] = {0};
    CK_GCM_PARAMS params = {nonce, sizeof nonce, 96, NULL, 0, 128};
    CK_MECHANISM mechanism = {CKM_AES_GCM, &params, sizeof params};
    worker->counter++;
    memcpy(nonce, &worker->counter, sizeof worker->counter);
    encrypt(worker, &mechanism);
}

void module_cbc(struct bench_worker *worker)
{
    CK_BYTE iv[16] = {0};
    CK_MECHANISM mechanism = {CKM_AES_CBC, iv, sizeof iv};
    worker->counter++;
    memcpy(iv, &worker->counter, sizeof worker->counter);
    encrypt(worker, &mechanism);
}

void module_hmac(struct bench_worker *worker)
{
    const struct bench_door *door = worker->door;
    CK_MECHANISM mechanism = {CKM_SHA256_HMAC, NULL, 0};
    CK_ULONG size = 32;
    bench_ok(door->p11->C_SignInit(worker->session, &mechanism, door->private_key[BENCH_HMAC]), "C_SignInit");
    bench_ok(door->p11->C_Sign(worker->session, worker->in, worker->size, worker->out, &size), "C_Sign");
}

void module_digest(struct bench_worker *worker)
{
    const struct bench_door *door = worker->door;
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_ULONG size = 32;
    bench_ok(door->p11->C_DigestInit(worker->session, &mechanism), "C_DigestInit");
    bench_ok(door->p11->C_Digest(worker->session, worker->in, worker->size, worker->out, &size), "C_Digest");
}

void module_random(struct bench_worker *worker)
{
    bench_ok(worker->door->p11->C_GenerateRandom(worker->session, worker->out, worker->size),
             "C_GenerateRandom");
}

void module_pair(struct bench_worker *worker)
{
    const struct bench_door *door = worker->door;
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public_template[] = {{CKA_TOKEN, &no, sizeof no}, {CKA_EC_PARAMS, p256, sizeof p256}};
    CK_ATTRIBUTE private_template[] = {{CKA_TOKEN, &no, sizeof no}};
    CK_OBJECT_HANDLE public_key, private_key;
    bench_ok(door->p11->C_GenerateKeyPair(worker->session, &mechanism, public_template,
                                          COUNT(public_template), private_template, COUNT(private_template),
                                          &public_key, &private_key),
             "C_GenerateKeyPair");
    bench_ok(door->p11->C_DestroyObject(worker->session, private_key), "C_DestroyObject");
    bench_ok(door->p11->C_DestroyObject(worker->session, public_key), "C_DestroyObject");
}

void module_session(struct bench_worker *worker)
{
    CK_SESSION_HANDLE session = bench_door_session(worker->door);
    bench_ok(worker->door->p11->C_CloseSession(session), "C_CloseSession");
}

void module_attributes(struct bench_worker *worker)
{
    CK_OBJECT_CLASS class;
    CK_KEY_TYPE type;
    CK_BYTE id[32];
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type}, {CKA_ID, id, sizeof id}};
    bench_ok(worker->door->p11->C_GetAttributeValue(worker->session, worker->door->private_key[BENCH_P256],
                                                    template, COUNT(template)),
             "C_GetAttributeValue");
}

void module_find(struct bench_worker *worker)
{
    (void)find_key(worker->door, worker->session, BENCH_P256, CKO_PRIVATE_KEY);
}
