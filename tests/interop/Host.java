import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.*;
import java.security.spec.*;
import java.util.*;
import java.util.concurrent.*;
import javax.crypto.*;
import javax.crypto.spec.*;
import javax.net.ssl.*;

/**
 * What a Java program does with a token through SunPKCS11.
 *
 * Host CONFIGURATION PIN work            one line a check: "ok NAME" or "bad NAME: why"; 1 when one is bad
 * Host CONFIGURATION PIN serve PORT ALIAS   TLS; gives lines back in reverse, until it is stopped
 */
public class Host {
    static boolean bad;

    interface Action {
        boolean run() throws Exception;
    }

    static void check(String name, Action action) {
        try {
            if (action.run()) {
                System.out.println("ok " + name);
                return;
            }
            System.out.println("bad " + name);
        } catch (Exception error) {
            System.out.println("bad " + name + ": " + error);
            error.printStackTrace(System.out);
        }
        bad = true;
    }

    static byte[] text(String of) {
        return ("Signed with " + of + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** Leaves text and signature in files, for openssl. */
    static boolean sign(Provider token, PrivateKey key, PublicKey verifier, String algorithm, AlgorithmParameterSpec spec)
            throws Exception {
        Signature signer = Signature.getInstance(algorithm, token);
        if (spec != null) {
            signer.setParameter(spec);
        }
        signer.initSign(key);
        for (byte b : text(algorithm)) {
            signer.update(b); // in many parts
        }
        byte[] signature = signer.sign();
        Files.write(Path.of(algorithm + ".sig"), signature);
        Files.write(Path.of(algorithm + ".txt"), text(algorithm));
        Signature other = Signature.getInstance(algorithm);
        if (spec != null) {
            other.setParameter(spec);
        }
        other.initVerify(verifier);
        other.update(text(algorithm));
        return other.verify(signature);
    }

    static boolean cipher(Provider token, String transformation, AlgorithmParameterSpec spec) throws Exception {
        SecretKeySpec plain = new SecretKeySpec(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, "AES");
        Cipher in = Cipher.getInstance(transformation, token);
        in.init(Cipher.ENCRYPT_MODE, SecretKeyFactory.getInstance("AES", token).translateKey(plain), spec);
        // SunPKCS11 of 17 forgets the rest when a GCM text comes in parts.
        byte[] head = transformation.contains("GCM") ? in.update(new byte[0]) : in.update(new byte[48]);
        byte[] tail = in.doFinal(new byte[transformation.contains("GCM") ? 112 : 64]);
        Cipher out = Cipher.getInstance(transformation, Security.getProvider("SunJCE"));
        out.init(Cipher.DECRYPT_MODE, plain, spec);
        byte[] all = new byte[(head == null ? 0 : head.length) + tail.length];
        if (head != null) {
            System.arraycopy(head, 0, all, 0, head.length);
        }
        System.arraycopy(tail, 0, all, all.length - tail.length, tail.length);
        return Arrays.equals(out.doFinal(all), new byte[112]);
    }

    static void work(Provider token, KeyStore store, char[] pin) throws Exception {
        check("aliases", () -> Collections.list(store.aliases()).containsAll(List.of("rsa", "ec")));
        PrivateKey rsa = (PrivateKey) store.getKey("rsa", pin);
        PrivateKey ec = (PrivateKey) store.getKey("ec", pin);
        PublicKey rsaPublic = store.getCertificate("rsa").getPublicKey();
        PublicKey ecPublic = store.getCertificate("ec").getPublicKey();
        check("a private key has no encoding", () -> rsa.getEncoded() == null && ec.getEncoded() == null);
        for (String algorithm : List.of("SHA256withRSA", "SHA512withRSA")) {
            check(algorithm, () -> sign(token, rsa, rsaPublic, algorithm, null));
        }
        for (String algorithm : List.of("SHA256withECDSA", "SHA384withECDSA")) {
            check(algorithm, () -> sign(token, ec, ecPublic, algorithm, null));
        }
        check("RSASSA-PSS", () -> sign(token, rsa, rsaPublic, "RSASSA-PSS",
                new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1)));
        check("RSA decrypts", () -> {
            Cipher encrypt = Cipher.getInstance("RSA/ECB/PKCS1Padding", Security.getProvider("SunJCE"));
            encrypt.init(Cipher.ENCRYPT_MODE, rsaPublic);
            Cipher decrypt = Cipher.getInstance("RSA/ECB/PKCS1Padding", token);
            decrypt.init(Cipher.DECRYPT_MODE, rsa);
            return Arrays.equals(decrypt.doFinal(encrypt.doFinal(text("RSA"))), text("RSA"));
        });

        check("AES/CBC/PKCS5Padding", () -> cipher(token, "AES/CBC/PKCS5Padding", new IvParameterSpec(new byte[16])));
        check("AES/CBC/NoPadding", () -> cipher(token, "AES/CBC/NoPadding", new IvParameterSpec(new byte[16])));
        check("AES/ECB/PKCS5Padding", () -> cipher(token, "AES/ECB/PKCS5Padding", null));
        check("AES/CTR/NoPadding", () -> cipher(token, "AES/CTR/NoPadding", new IvParameterSpec(new byte[16])));
        check("AES/GCM/NoPadding", () -> cipher(token, "AES/GCM/NoPadding", new GCMParameterSpec(128, new byte[12])));
        for (String name : List.of("HmacSHA1", "HmacSHA256", "HmacSHA384", "HmacSHA512")) {
            check(name, () -> {
                SecretKeySpec key = new SecretKeySpec("a key of some bytes".getBytes(StandardCharsets.US_ASCII), "Generic");
                Mac ours = Mac.getInstance(name, token);
                Mac theirs = Mac.getInstance(name, Security.getProvider("SunJCE"));
                ours.init(key);
                theirs.init(key);
                ours.update(text(name));
                return Arrays.equals(ours.doFinal(text(name)), theirs.doFinal((new String(text(name)) + new String(text(name))).getBytes()));
            });
        }
        for (String name : List.of("SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512")) {
            check(name, () -> {
                MessageDigest ours = MessageDigest.getInstance(name, token);
                ours.update(text(name));
                MessageDigest copy = (MessageDigest) ours.clone(); // C_GetOperationState
                byte[] want = MessageDigest.getInstance(name, Security.getProvider("SUN")).digest(text(name));
                return Arrays.equals(ours.digest(), want) && Arrays.equals(copy.digest(), want);
            });
        }
        check("SecureRandom", () -> {
            SecureRandom random = SecureRandom.getInstance("PKCS11", token);
            byte[] a = new byte[32], b = new byte[32];
            random.nextBytes(a);
            random.nextBytes(b);
            return !Arrays.equals(a, b);
        });
        check("ECDH", () -> {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", token);
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair ours = generator.generateKeyPair();
            KeyPairGenerator another = KeyPairGenerator.getInstance("EC", Security.getProvider("SunEC"));
            another.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair theirs = another.generateKeyPair();
            KeyAgreement a = KeyAgreement.getInstance("ECDH", token), b = KeyAgreement.getInstance("ECDH", Security.getProvider("SunEC"));
            a.init(ours.getPrivate());
            a.doPhase(theirs.getPublic(), true);
            b.init(theirs.getPrivate());
            b.doPhase(ours.getPublic(), true);
            return Arrays.equals(a.generateSecret(), b.generateSecret());
        });
        check("RSA pairs of a session", () -> {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA", token);
            generator.initialize(new RSAKeyGenParameterSpec(2048, BigInteger.valueOf(65537)));
            KeyPair pair = generator.generateKeyPair();
            return sign(token, pair.getPrivate(), pair.getPublic(), "SHA1withRSA", null);
        });
        check("keys by the thousand, closed late", () -> {
            List<SecretKey> keys = new ArrayList<>();
            KeyGenerator generator = KeyGenerator.getInstance("AES", token);
            generator.init(128);
            for (int i = 0; i < 3000; i++) {
                keys.add(generator.generateKey());
            }
            Set<String> seen = new HashSet<>();
            for (SecretKey key : keys) {
                Cipher aes = Cipher.getInstance("AES/ECB/NoPadding", token);
                aes.init(Cipher.ENCRYPT_MODE, key);
                seen.add(Base64.getEncoder().encodeToString(aes.doFinal(new byte[16])));
            }
            keys.clear();
            System.gc();
            return seen.size() == 3000;
        });
        check("eight threads sign", () -> {
            ExecutorService pool = Executors.newFixedThreadPool(8);
            List<Future<Boolean>> answers = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                boolean even = i % 2 == 0;
                byte[] message = text("thread " + i);
                answers.add(pool.submit(() -> {
                    String algorithm = even ? "SHA256withRSA" : "SHA256withECDSA";
                    Signature signer = Signature.getInstance(algorithm, token);
                    signer.initSign(even ? rsa : ec);
                    signer.update(message);
                    Signature verifier = Signature.getInstance(algorithm);
                    verifier.initVerify(even ? rsaPublic : ecPublic);
                    verifier.update(message);
                    return verifier.verify(signer.sign());
                }));
            }
            pool.shutdown();
            boolean good = true;
            for (Future<Boolean> answer : answers) {
                good &= answer.get();
            }
            return good;
        });
        check("logout and login", () -> {
            ((AuthProvider) token).logout();
            ((AuthProvider) token).login(null, callbacks -> {
                for (javax.security.auth.callback.Callback callback : callbacks) {
                    ((javax.security.auth.callback.PasswordCallback) callback).setPassword(pin);
                }
            });
            KeyStore again = KeyStore.getInstance("PKCS11", token);
            again.load(null, pin);
            return sign(token, (PrivateKey) again.getKey("ec", pin), ecPublic, "SHA512withECDSA", null);
        });
    }

    static void serve(KeyStore store, char[] pin, int port, String alias) throws Exception {
        KeyStore one = KeyStore.getInstance("JKS");
        one.load(null, null);
        KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
        factory.init(store, pin);
        X509KeyManager all = (X509KeyManager) factory.getKeyManagers()[0];
        X509ExtendedKeyManager chosen = new X509ExtendedKeyManager() {
            String only(String type) {
                return type.startsWith("EC") == alias.equals("ec") ? alias : null;
            }
            @Override public String chooseEngineServerAlias(String type, Principal[] issuers, SSLEngine engine) {
                return only(type);
            }
            @Override public String chooseServerAlias(String type, Principal[] issuers, java.net.Socket socket) {
                return only(type);
            }
            @Override public String chooseClientAlias(String[] types, Principal[] issuers, java.net.Socket socket) {
                return null;
            }
            @Override public String[] getClientAliases(String type, Principal[] issuers) {
                return null;
            }
            @Override public String[] getServerAliases(String type, Principal[] issuers) {
                return new String[] {alias};
            }
            @Override public java.security.cert.X509Certificate[] getCertificateChain(String name) {
                return all.getCertificateChain(name);
            }
            @Override public PrivateKey getPrivateKey(String name) {
                return all.getPrivateKey(name);
            }
        };
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(new KeyManager[] {chosen}, null, null);
        SSLServerSocket server = (SSLServerSocket) context.getServerSocketFactory()
                .createServerSocket(port, 50, InetAddress.getByName("127.0.0.1"));
        while (true) {
            SSLSocket peer = (SSLSocket) server.accept();
            new Thread(() -> {
                try (peer; BufferedReader lines = new BufferedReader(new InputStreamReader(peer.getInputStream()))) {
                    for (String line; (line = lines.readLine()) != null;) {
                        peer.getOutputStream().write((new StringBuilder(line).reverse() + "\n").getBytes());
                    }
                } catch (Exception error) {
                    System.err.println(error);
                }
            }).start();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Provider token = Security.getProvider("SunPKCS11").configure(arguments[0]);
        Security.addProvider(token);
        char[] pin = arguments[1].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS11", token);
        store.load(null, pin);
        if (arguments[2].equals("serve")) {
            serve(store, pin, Integer.parseInt(arguments[3]), arguments[4]);
        } else {
            work(token, store, pin);
        }
        System.exit(bad ? 1 : 0);
    }
}
