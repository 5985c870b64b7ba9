// What a Go program does with a token: miekg/pkcs11 by itself, and crypto11 with its pool of sessions.
//
//	host work                              lines "ok NAME", then "done"; else why not
//	host serve ADDRESS CERT LABEL ...      HTTPS until SIGTERM, then the token is closed
package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/ThalesIgnite/crypto11"
	"github.com/miekg/pkcs11"
)

func must(name string, err error) {
	if err != nil {
		log.Fatal(name, ": ", err)
	}
}

func ok(name string, good bool) {
	if !good {
		log.Fatal(name, ": no")
	}
	fmt.Println("ok", name)
}

func find(p *pkcs11.Ctx, session pkcs11.SessionHandle, class uint, label string) pkcs11.ObjectHandle {
	must("FindObjectsInit", p.FindObjectsInit(session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, class), pkcs11.NewAttribute(pkcs11.CKA_LABEL, label)}))
	found, _, err := p.FindObjects(session, 2)
	must("FindObjects", err)
	must("FindObjectsFinal", p.FindObjectsFinal(session))
	if len(found) != 1 {
		log.Fatalf("%s: %d objects", label, len(found))
	}
	return found[0]
}

func raw() {
	p := pkcs11.New(os.Getenv("MODULE"))
	must("Initialize", p.Initialize())
	info, err := p.GetInfo()
	must("GetInfo", err)
	ok("GetInfo", info.ManufacturerID == "huks-pkcs11" && info.CryptokiVersion.Major == 3)
	slots, err := p.GetSlotList(true)
	must("GetSlotList", err)
	ok("GetSlotList: one token", len(slots) == 1)
	mechanisms, err := p.GetMechanismList(slots[0])
	must("GetMechanismList", err)
	ok("GetMechanismList", len(mechanisms) > 50)
	session, err := p.OpenSession(slots[0], pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	must("OpenSession", err)
	must("Login", p.Login(session, pkcs11.CKU_USER, os.Getenv("PIN")))
	ok("Login twice", p.Login(session, pkcs11.CKU_USER, os.Getenv("PIN")) == pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN))

	text := []byte("Signed by miekg/pkcs11\n")
	must("SignInit", p.SignInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_SHA256_RSA_PKCS, nil)},
		find(p, session, pkcs11.CKO_PRIVATE_KEY, "rsa")))
	signature, err := p.Sign(session, text)
	must("Sign", err)
	must("write", os.WriteFile("raw-rsa.sig", signature, 0o600))
	must("write", os.WriteFile("raw-rsa.txt", text, 0o600))
	must("SignInit", p.SignInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_ECDSA_SHA256, nil)},
		find(p, session, pkcs11.CKO_PRIVATE_KEY, "ec")))
	signature, err = p.Sign(session, text)
	must("Sign", err)
	half := len(signature) / 2
	signature, err = asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
	must("asn1", err)
	must("write", os.WriteFile("raw-ec.sig", signature, 0o600))
	must("write", os.WriteFile("raw-ec.txt", text, 0o600))
	ok("signatures", true)

	key, err := p.GenerateKey(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false), pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true), pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true)})
	must("GenerateKey", err)
	gcm := pkcs11.NewGCMParams(make([]byte, 12), []byte("beside"), 128)
	defer gcm.Free()
	with := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, gcm)}
	must("EncryptInit", p.EncryptInit(session, with, key))
	secret, err := p.Encrypt(session, text)
	must("Encrypt", err)
	must("DecryptInit", p.DecryptInit(session, with, key))
	opened, err := p.Decrypt(session, secret)
	must("Decrypt", err)
	ok("GCM and back", bytes.Equal(opened, text))
	must("DecryptInit", p.DecryptInit(session, with, key))
	secret[3] ^= 1
	_, err = p.Decrypt(session, secret)
	ok("GCM, forged", err == pkcs11.Error(pkcs11.CKR_ENCRYPTED_DATA_INVALID))
	_, err = p.GetAttributeValue(session, key, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)})
	ok("a value that is not told", err == pkcs11.Error(pkcs11.CKR_ATTRIBUTE_SENSITIVE))
	must("Logout", p.Logout(session))
	must("CloseAllSessions", p.CloseAllSessions(slots[0]))
	must("Finalize", p.Finalize())
	p.Destroy()
	ok("unloaded", true)
}

func configure(sessions int) *crypto11.Context {
	token, err := crypto11.Configure(&crypto11.Config{Path: os.Getenv("MODULE"), TokenLabel: "interop", Pin: os.Getenv("PIN"),
		MaxSessions: sessions})
	must("Configure", err)
	return token
}

func pooled() {
	token := configure(40)
	rsaKey, err := token.FindKeyPair(nil, []byte("rsa"))
	must("FindKeyPair", err)
	ecKey, err := token.FindKeyPair(nil, []byte("ec"))
	must("FindKeyPair", err)
	var group sync.WaitGroup
	for i := 0; i < 64; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for round := 0; round < 10; round++ {
				digest := sha256.Sum256([]byte(fmt.Sprint(i, round)))
				signature, err := rsaKey.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
				must("Sign", err)
				must("VerifyPSS", rsa.VerifyPSS(rsaKey.Public().(*rsa.PublicKey), crypto.SHA256, digest[:], signature, nil))
				signature, err = ecKey.Sign(rand.Reader, digest[:], crypto.SHA256)
				must("Sign", err)
				if !ecdsa.VerifyASN1(ecKey.Public().(*ecdsa.PublicKey), digest[:], signature) {
					log.Fatal("an ECDSA signature is bad")
				}
			}
		}(i)
	}
	group.Wait()
	ok("64 goroutines over 40 sessions", true)

	made, err := token.GenerateECDSAKeyPairWithLabel([]byte{0x33}, []byte("made"), elliptic.P384())
	must("GenerateECDSAKeyPair", err)
	digest := sha256.Sum256([]byte("made"))
	signature, err := made.Sign(rand.Reader, digest[:], crypto.SHA256)
	must("Sign", err)
	ok("a P-384 pair", ecdsa.VerifyASN1(made.Public().(*ecdsa.PublicKey), digest[:], signature))
	must("Delete", made.Delete())
	gone, err := token.FindKeyPair([]byte{0x33}, nil)
	ok("deleted", err == nil && gone == nil)
	decrypter, err := token.GenerateRSAKeyPair([]byte{0x34}, 2048)
	must("GenerateRSAKeyPair", err)
	secret, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, decrypter.Public().(*rsa.PublicKey), []byte("letter"), nil)
	must("EncryptOAEP", err)
	opened, err := decrypter.Decrypt(rand.Reader, secret, &rsa.OAEPOptions{Hash: crypto.SHA256})
	must("Decrypt", err)
	ok("OAEP", string(opened) == "letter")
	must("Delete", decrypter.Delete())
	aes, err := token.GenerateSecretKey([]byte{0x35}, 256, crypto11.CipherAES)
	must("GenerateSecretKey", err)
	gcm, err := aes.NewGCM()
	must("NewGCM", err)
	sealed := gcm.Seal(nil, make([]byte, 12), []byte("letter"), []byte("beside"))
	opened, err = gcm.Open(nil, make([]byte, 12), sealed, []byte("beside"))
	ok("GCM", err == nil && string(opened) == "letter")
	cbc, err := aes.NewCBCEncrypterCloser(make([]byte, 16))
	must("NewCBC", err)
	blocks := make([]byte, 64)
	cbc.CryptBlocks(blocks, blocks)
	cbc.Close()
	ok("CBC", !bytes.Equal(blocks, make([]byte, 64)))
	must("Delete", aes.Delete())
	mac, err := token.GenerateSecretKey([]byte{0x36}, 256, crypto11.CipherGeneric)
	must("GenerateSecretKey", err)
	hmac, err := mac.NewHMAC(pkcs11.CKM_SHA256_HMAC, 0)
	must("NewHMAC", err)
	hmac.Write([]byte("letter"))
	ok("HMAC", len(hmac.Sum(nil)) == 32)
	must("Delete", mac.Delete())
	random, err := token.NewRandomReader()
	must("NewRandomReader", err)
	a, b := make([]byte, 32), make([]byte, 32)
	_, err = random.Read(a)
	must("Read", err)
	_, err = random.Read(b)
	ok("random bytes", err == nil && !bytes.Equal(a, b))
	must("Close", token.Close())
	ok("closed", true)
}

func serve(address string, names []string) {
	token := configure(20)
	var config tls.Config
	for i := 0; i+1 < len(names); i += 2 {
		text, err := os.ReadFile(names[i])
		must("certificate", err)
		block, _ := pem.Decode(text)
		key, err := token.FindKeyPair(nil, []byte(names[i+1]))
		must("key", err)
		config.Certificates = append(config.Certificates, tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key})
	}
	listener, err := tls.Listen("tcp", address, &config)
	must("Listen", err)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		listener.Close()
	}()
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "page") }))
	must("Close", token.Close())
}

func main() {
	if os.Args[1] == "serve" {
		serve(os.Args[2], os.Args[3:])
		return
	}
	raw()
	pooled()
	fmt.Println("done")
}
