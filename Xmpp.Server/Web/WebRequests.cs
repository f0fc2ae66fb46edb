using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Web;

/// <summary>What becomes of each request: who asks, for which host, which route, and a line in the log.</summary>
internal sealed partial class WebRequests(ServerContext server, ILogger logger) : IHttpApplication<HttpContext>
{
    /// <summary>Seconds for which browsers needn't ask again what scripts may send.</summary>
    private const string PreflightAge = "7200";

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    /// <summary>Answers a request. Doesn't throw.</summary>
    public async Task ProcessRequestAsync(HttpContext context)
    {
        var (began, state) = (server.Time.GetTimestamp(), server.Current);
        var client = WebClient.Of(context, context.Features.GetRequiredFeature<HttpListenerOptions>());
        var path = context.Request.Path.Value is { Length: > 0 } given ? given : "/";
        var route = state.Routes.Find(path, out var rest);
        try
        {
            // Browsers are not to guess what something is.
            context.Response.Headers.XContentTypeOptions = "nosniff";
            if (!client.IsProtected && !IPAddress.IsLoopback(client.Address))
                await RefuseAsync(context, StatusCodes.Status403Forbidden, "This needs HTTPS.");
            else if (state.WebHosts.Find(context.Request.Host.Host) is not { } host)
                await RefuseAsync(context, StatusCodes.Status421MisdirectedRequest, "This server has another name.");
            else if (route is null)
                await RefuseAsync(context, StatusCodes.Status404NotFound, "There is nothing here.");
            else
                await AnswerAsync(route, new WebRequest(context, client, host, rest));
        }
        catch (Exception failure)
        {
            Fail(context, failure, route);
        }
        if (!state.Options.Http.LogRequests)
            return;
        var milliseconds = (long)server.Time.GetElapsedTime(began).TotalMilliseconds;
        LogRequest(logger, client.Address, context.Request.Method, route?.Path ?? "(nothing)", context.Response.StatusCode, milliseconds);
    }

    private static ValueTask AnswerAsync(HttpRoute route, WebRequest request)
    {
        if (route.IsForAnyOrigin)
            request.SetHeader("Access-Control-Allow-Origin", "*");
        if (request.Method == "OPTIONS" && route.IsForAnyOrigin)
        {
            request.Respond(StatusCodes.Status204NoContent);
            request.SetHeader("Access-Control-Allow-Methods", Allowed(route));
            if (route.AllowedHeaders.Count > 0)
                request.SetHeader("Access-Control-Allow-Headers", string.Join(", ", route.AllowedHeaders));
            request.SetHeader("Access-Control-Max-Age", PreflightAge);
            return default;
        }
        if (!route.Methods.Contains(request.Method) && !(request.Method == "HEAD" && route.Methods.Contains("GET")))
        {
            request.SetHeader("Allow", Allowed(route));
            return new(RefuseAsync(request.Context, StatusCodes.Status405MethodNotAllowed, $"Use {Allowed(route)}."));
        }
        return route.Handler(request, request.Context.RequestAborted);
    }

    private static string Allowed(HttpRoute route) => string.Join(", ", route.Methods
        .Concat(route.Methods.Contains("GET") ? ["HEAD"] : []).Concat(route.IsForAnyOrigin ? ["OPTIONS"] : []).Distinct());

    private static Task RefuseAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }

    private void Fail(HttpContext context, Exception failure, HttpRoute? route)
    {
        var status = failure switch
        {
            BadHttpRequestException bad => bad.StatusCode,
            StoreException => StatusCodes.Status503ServiceUnavailable,
            // The client is gone.
            OperationCanceledException or ConnectionAbortedException or ConnectionResetException
                when context.RequestAborted.IsCancellationRequested => StatusCodes.Status499ClientClosedRequest,
            _ => StatusCodes.Status500InternalServerError,
        };
        if (status == StatusCodes.Status500InternalServerError)
            LogBug(logger, failure, context.Request.Method, route?.Path);
        if (context.Response.HasStarted)
        {
            // The client is not to take a part for the whole.
            context.Abort();
            return;
        }
        context.Response.Clear();
        context.Response.StatusCode = status;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Address} {Method} {Route} {Status}, {Milliseconds} ms")]
    private static partial void LogRequest(ILogger logger, IPAddress address, string method, string route, int status, long milliseconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed: {Method} {Route}")]
    private static partial void LogBug(ILogger logger, Exception bug, string method, string? route);
}
