package muster.doubles.as400gateway;

import java.io.IOException;
import javax.servlet.FilterChain;
import javax.servlet.ServletException;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** Says on every answer that a double gave it. */
@Component
class DoubleHeader extends OncePerRequestFilter {

    static final String NAME = "X-Muster-Double";

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        response.setHeader(NAME, "as400gateway");
        chain.doFilter(request, response);
    }
}
