package muster.doubles.axonivy;

import java.io.IOException;
import javax.servlet.Filter;
import javax.servlet.FilterChain;
import javax.servlet.ServletException;
import javax.servlet.ServletRequest;
import javax.servlet.ServletResponse;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

/** Says on every answer that a double gave it, and answers 503 while the engine does not serve. */
public final class DoubleFilter implements Filter {

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        HttpServletResponse answer = (HttpServletResponse) response;
        answer.setHeader("X-Muster-Double", "axonivy");
        answer.setHeader("Cache-Control", "no-store");
        String path = ((HttpServletRequest) request).getRequestURI();
        if (path.equals("/double") || EngineApp.of(request.getServletContext()).serves()) {
            chain.doFilter(request, response);
        } else {
            answer.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
        }
    }
}
