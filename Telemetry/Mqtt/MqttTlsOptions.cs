using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Edge.Telemetry.Mqtt;

/// <summary>How the link knows the broker and the broker the device. Files are PEM and are read at every connection, so that renewed ones need no restart.</summary>
public sealed record MqttTlsOptions
{
    /// <summary>Certificates of those who may sign the broker's; empty: whoever the system trusts.</summary>
    public string CaFile { get; init; } = "";

    /// <summary>The device's certificate, with intermediate ones after it; empty: it has none.</summary>
    public string CertificateFile { get; init; } = "";

    /// <summary>The private key of the device's certificate, without a passphrase; empty: it is in <see cref="CertificateFile"/>.</summary>
    public string KeyFile { get; init; } = "";

    /// <summary>Whether the broker's certificate must be for <see cref="MqttLinkOptions.Host"/>.</summary>
    /// <value>Default true. False: any certificate of the CA will do, whoever holds it.</value>
    public bool CheckHostName { get; init; } = true;

    /// <summary>The device's certificate with its key; none: empty.</summary>
    /// <exception cref="IOException">A file is missing or is not what it should be; the message names it.</exception>
    internal X509Certificate2Collection OwnCertificates()
    {
        if (CertificateFile.Length == 0) return [];
        return Read(CertificateFile, "certificate", () =>
        {
            X509Certificate2Collection all = [X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile.Length > 0 ? KeyFile : null)];
            X509Certificate2Collection chain = [];
            chain.ImportFromPemFile(CertificateFile);
            all.AddRange(chain.Skip(1).ToArray());
            return all;
        });
    }

    /// <summary>The certificates of <see cref="CaFile"/>; null: those of the system.</summary>
    /// <exception cref="IOException">The file is missing or is not what it should be; the message names it.</exception>
    internal X509Certificate2Collection? Authorities()
    {
        if (CaFile.Length == 0) return null;
        return Read(CaFile, "CA", () =>
        {
            X509Certificate2Collection authorities = [];
            authorities.ImportFromPemFile(CaFile);
            return authorities.Count > 0 ? authorities : throw new CryptographicException("it holds no certificate");
        });
    }

    /// <summary>Why the broker's certificate will not do; null: it will.</summary>
    /// <param name="certificate">The broker's.</param>
    /// <param name="sent">The chain that the handshake built, with what the broker sent along.</param>
    /// <param name="errors">What the system found.</param>
    /// <param name="authorities">Those who may sign; null: those of the system.</param>
    internal string? Problem(X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors, X509Certificate2Collection? authorities)
    {
        if (certificate is null) return "the broker shows no certificate";
        using X509Certificate2 own = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        if (CheckHostName && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return $"the broker's certificate ({own.Subject}) is for another host";
        if (authorities is null)
        {
            return errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? $"the system does not trust the broker's certificate ({own.Subject}): {Words(sent)}" : null;
        }

        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // A device may have no way to whoever would answer.
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1")); // Server authentication.
        foreach (X509ChainElement element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>()) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(own) ? null : $"the CA in '{CaFile}' does not vouch for the broker's certificate ({own.Subject}): {Words(chain)}";
    }

    private static string Words(X509Chain? chain) => string.Join(", ", chain?.ChainStatus.Select(status => status.Status.ToString()) ?? ["no chain"]);

    private static T Read<T>(string file, string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or CryptographicException or UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException($"the {what} file '{file}' cannot be used: {e.Message}"); // Without what caused it: the link says the innermost reason.
        }
    }
}
